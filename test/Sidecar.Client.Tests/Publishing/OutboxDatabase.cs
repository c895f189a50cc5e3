using Microsoft.Data.Sqlite;

namespace Sidecar.Client.Tests.Publishing;

/// <summary>A SQLite database in memory with the outbox table that the relay creates.</summary>
internal sealed class OutboxDatabase : IDisposable
{
    private OutboxDatabase(SqliteConnection connection) => Connection = connection;

    public SqliteConnection Connection { get; }

    public static OutboxDatabase Open()
    {
        var database = new OutboxDatabase(new SqliteConnection("Data Source=:memory:"));
        database.Connection.Open();
        database.Run("""
            CREATE TABLE outbox_event(
              id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key BLOB, value BLOB, headers TEXT,
              created_ms INTEGER NOT NULL)
            """);
        return database;
    }

    public void Run(string sql)
    {
        using var command = Connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public List<Row> Rows()
    {
        using var command = Connection.CreateCommand();
        command.CommandText = "SELECT topic, key, value, headers, created_ms FROM outbox_event ORDER BY id";
        using var reader = command.ExecuteReader();
        var rows = new List<Row>();
        while (reader.Read())
        {
            rows.Add(new Row(
                reader.GetString(0),
                reader.IsDBNull(1) ? null : reader.GetFieldValue<byte[]>(1),
                reader.IsDBNull(2) ? null : reader.GetFieldValue<byte[]>(2),
                reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.GetInt64(4)));
        }

        return rows;
    }

    public void Dispose() => Connection.Dispose();

    internal sealed record Row(string Topic, byte[]? Key, byte[]? Value, string? Headers, long CreatedMs);
}
