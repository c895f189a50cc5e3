using Microsoft.Data.Sqlite;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Store;

/// <summary>Pending rows of one topic; the time is null where it cannot be told.</summary>
public sealed record TopicBacklog(string Topic, long Pending, long OldestCreatedMs);

/// <summary>The rows that are held for one topic and key.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Key">The key; null: a row without a key.</param>
/// <param name="Rows">How many rows are held.</param>
/// <param name="FirstId">The first of them: the one that was refused.</param>
/// <param name="Reason">Why it was refused.</param>
public sealed record HeldKey(string Topic, byte[]? Key, long Rows, long FirstId, string Reason);

/// <summary>How an outbox stands, counted exactly.</summary>
public sealed record OutboxStatus(
    string Outbox, IReadOnlyList<TopicBacklog> Topics, long HeldRows, IReadOnlyList<HeldKey> Held, LeaseRow? Lease);

/// <summary>Reads how an outbox stands, beside a running relay and without Kafka.</summary>
public static class SqliteStatus
{
    /// <summary>Held keys that are listed one by one.</summary>
    public const int MaxHeldListed = 100;

    /// <summary>The status, or what is missing.</summary>
    public static StoreAnswer<OutboxStatus> Read(StoreOptions options)
    {
        try
        {
            using var connection = SqliteFile.Connect(options.SqlitePath, options.BusyTimeout);
            var outbox = SqliteFile.Check(connection, options.SqlitePath);
            if (outbox.Problem is not null)
            {
                return outbox.Problem;
            }

            using var snapshot = connection.BeginTransaction(deferred: true);
            using var lease = new SqliteLease(connection);
            return new OutboxStatus(
                outbox.Value, Topics(connection, snapshot), HeldRows(connection, snapshot), Held(connection, snapshot),
                lease.Read(snapshot));
        }
        catch (SqliteException e)
        {
            return SqliteFile.Explain(e, options.SqlitePath);
        }
    }

    private static List<TopicBacklog> Topics(SqliteConnection connection, SqliteTransaction snapshot)
    {
        using var command = Command(
            connection, snapshot,
            "SELECT topic, count(*), min(created_ms) FROM outbox_event GROUP BY topic ORDER BY topic");
        using var reader = command.ExecuteReader();
        var topics = new List<TopicBacklog>();
        while (reader.Read())
        {
            topics.Add(new TopicBacklog(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)));
        }

        return topics;
    }

    private static long HeldRows(SqliteConnection connection, SqliteTransaction snapshot)
    {
        using var command = Command(connection, snapshot, "SELECT count(*) FROM outbox_held");
        return (long)command.ExecuteScalar()!;
    }

    private static List<HeldKey> Held(SqliteConnection connection, SqliteTransaction snapshot)
    {
        // A row without a key stands alone. With min(id), SQLite takes the other columns from the row that has it.
        using var command = Command(
            connection, snapshot,
            "SELECT topic, key, count(*), min(id), reason FROM outbox_held " +
            "GROUP BY topic, key, CASE WHEN key IS NULL THEN id END ORDER BY min(id) LIMIT " + MaxHeldListed);
        using var reader = command.ExecuteReader();
        var held = new List<HeldKey>();
        while (reader.Read())
        {
            held.Add(new HeldKey(
                reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetFieldValue<byte[]>(1), reader.GetInt64(2),
                reader.GetInt64(3), reader.GetString(4)));
        }

        return held;
    }

    private static SqliteCommand Command(SqliteConnection connection, SqliteTransaction snapshot, string sql)
    {
        var command = connection.CreateCommand();
        command.Transaction = snapshot;
        command.CommandText = sql;
        return command;
    }
}
