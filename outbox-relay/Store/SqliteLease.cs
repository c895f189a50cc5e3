using Microsoft.Data.Sqlite;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Store;

/// <summary>The statements on the lease's row, prepared for one connection. SQLite's clock is the machine's.</summary>
internal sealed class SqliteLease(SqliteConnection connection) : IDisposable
{
    private const string Now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

    private readonly SqliteCommand read = Prepare(
        connection, $"SELECT owner, epoch, beat, length_ms, expires_ms, {Now} FROM outbox_lease WHERE bucket = 0");

    // Compare and set: it is taken as it was seen, or not at all.
    private readonly SqliteCommand take = Prepare(
        connection,
        $"""
        UPDATE outbox_lease
           SET owner = $owner, epoch = epoch + 1, beat = beat + 1, length_ms = $length, expires_ms = {Now} + $length
         WHERE bucket = 0 AND epoch = $epoch AND beat = $beat
        """,
        "$owner", "$length", "$epoch", "$beat");

    private readonly SqliteCommand renew = Prepare(
        connection,
        $"""
        UPDATE outbox_lease SET beat = beat + 1, length_ms = $length, expires_ms = {Now} + $length
         WHERE bucket = 0 AND owner = $owner AND epoch = $epoch
        """,
        "$owner", "$length", "$epoch");

    private readonly SqliteCommand release = Prepare(
        connection,
        "UPDATE outbox_lease SET owner = NULL, beat = beat + 1, expires_ms = 0 " +
        "WHERE bucket = 0 AND owner = $owner AND epoch = $epoch",
        "$owner", "$epoch");

    public void Dispose()
    {
        read.Dispose();
        take.Dispose();
        renew.Dispose();
        release.Dispose();
    }

    public LeaseRow? Read(SqliteTransaction? within = null)
    {
        read.Transaction = within;
        using var row = read.ExecuteReader();
        return row.Read()
            ? new LeaseRow(
                row.IsDBNull(0) ? null : row.GetString(0), row.GetInt64(1), row.GetInt64(2),
                new LeaseTimes(row.GetInt64(3), row.GetInt64(4), row.GetInt64(5)))
            : null;
    }

    public bool Take(string owner, LeaseRow seen, TimeSpan length)
    {
        take.Parameters["$owner"].Value = owner;
        take.Parameters["$length"].Value = (long)length.TotalMilliseconds;
        take.Parameters["$epoch"].Value = seen.Epoch;
        take.Parameters["$beat"].Value = seen.Beat;
        return take.ExecuteNonQuery() == 1;
    }

    /// <summary>False: the lease is another's.</summary>
    public bool Renew(Fence fence, TimeSpan length, SqliteTransaction? within = null)
    {
        renew.Transaction = within;
        renew.Parameters["$owner"].Value = fence.Owner;
        renew.Parameters["$length"].Value = (long)length.TotalMilliseconds;
        renew.Parameters["$epoch"].Value = fence.Epoch;
        return renew.ExecuteNonQuery() == 1;
    }

    public bool Release(Fence fence)
    {
        release.Parameters["$owner"].Value = fence.Owner;
        release.Parameters["$epoch"].Value = fence.Epoch;
        return release.ExecuteNonQuery() == 1;
    }

    internal static SqliteCommand Prepare(SqliteConnection connection, string sql, params string[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in parameters)
        {
            command.Parameters.Add(new SqliteParameter(name, SqliteType.Integer));
        }

        if (parameters.Contains("$owner"))
        {
            command.Parameters["$owner"].SqliteType = SqliteType.Text;
        }

        return command;
    }
}
