using System.Text.Json;
using Npgsql;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Processes;

namespace Sidecar.Client.Tests.Publishing;

/// <summary>A PostgreSQL database with the outbox that <c>outbox-relay init</c> makes.</summary>
internal sealed class PostgresOutbox
{
    private static readonly TimeSpan InitTimeout = TimeSpan.FromSeconds(60);

    private PostgresOutbox(string connectionString) => ConnectionString = connectionString;

    /// <summary>Of the superuser.</summary>
    public string ConnectionString { get; }

    public static async Task<PostgresOutbox> CreateAsync(PostgresEnd end)
    {
        var server = await SharedPostgres.GetAsync(end);
        var outbox = new PostgresOutbox(await server.NewDatabaseAsync("client"));
        await using var init = ProgramProcess.Start(
            Programs.OutboxRelay, ["init", "--apply", "--postgres", outbox.ConnectionString]);
        Assert.That(await init.WaitForExitAsync(InitTimeout), Is.Zero, init.Output);
        return outbox;
    }

    /// <summary>A connection of the superuser, or of another role of this name.</summary>
    public Task<NpgsqlConnection> OpenAsync(string? role = null) => Sql.OpenAsync(role is null
        ? ConnectionString : new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role }.ConnectionString);

    /// <summary>What the relay will read of this topic, in its order.</summary>
    public async Task<IReadOnlyList<Row>> RowsAsync(string topic)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT key, value, headers::text, xid::text FROM outbox.log WHERE topic = $1 ORDER BY id", connection);
        command.Parameters.AddWithValue(topic);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<Row>();
        while (await reader.ReadAsync())
        {
            rows.Add(new Row(
                reader.IsDBNull(0) ? null : reader.GetFieldValue<byte[]>(0),
                reader.IsDBNull(1) ? null : reader.GetFieldValue<byte[]>(1),
                reader.IsDBNull(2) ? null : JsonSerializer.Deserialize<string?[][]>(reader.GetString(2)),
                reader.GetString(3)));
        }

        return rows;
    }

    internal sealed record Row(byte[]? Key, byte[]? Value, string?[][]? Headers, string Transaction);
}
