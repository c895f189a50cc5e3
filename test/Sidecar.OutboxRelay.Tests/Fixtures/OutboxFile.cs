using Microsoft.Data.Sqlite;
using Sidecar.OutboxRelay.Store;
using Sidecar.TestKit;

namespace Sidecar.OutboxRelay.Tests.Fixtures;

/// <summary>
/// An application's database in a temporary folder, with the outbox's schema unless a test wants none.
/// </summary>
internal sealed class OutboxFile : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("outbox-");

    public OutboxFile(bool withSchema = true)
    {
        Options = new StoreOptions { SqlitePath = Path };
        if (withSchema)
        {
            Assert.That(SqliteSchema.Apply(Options).Problem, Is.Null);
        }
    }

    public string Path => System.IO.Path.Combine(folder.FullName, "app.db");

    public StoreOptions Options { get; }

    public void Dispose() => folder.Delete(recursive: true);

    public SqliteConnection Connect() => SqliteFile.Connect(Path, TimeSpan.FromSeconds(30));

    public void Insert(string topic, object? key, object? value, string? headers = null, int times = 1)
    {
        using var connection = Connect();
        using var transaction = connection.BeginTransaction();
        for (var i = 0; i < times; i++)
        {
            Insert(connection, topic, key, value, headers);
        }

        transaction.Commit();
    }

    public static void Insert(
        SqliteConnection connection, string topic, object? key, object? value, string? headers = null)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            "INSERT INTO outbox_event(topic, key, value, headers, created_ms) VALUES ($t, $k, $v, $h, 1700000000123)";
        command.Parameters.AddWithValue("$t", topic);
        command.Parameters.AddWithValue("$k", key ?? DBNull.Value);
        command.Parameters.AddWithValue("$v", value ?? DBNull.Value);
        command.Parameters.AddWithValue("$h", headers ?? (object)DBNull.Value);
        command.ExecuteNonQuery();
    }

    public long Scalar(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    public long Pending => Scalar("SELECT count(*) FROM outbox_event");

    public List<(long Id, string Reason)> Held()
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id, reason FROM outbox_held ORDER BY id";
        using var reader = command.ExecuteReader();
        var held = new List<(long, string)>();
        while (reader.Read())
        {
            held.Add((reader.GetInt64(0), reader.GetString(1)));
        }

        return held;
    }

    public Task DrainedAsync() => Until.TrueAsync(() => Pending == 0, Relays.Bound, "the outbox is empty");
}
