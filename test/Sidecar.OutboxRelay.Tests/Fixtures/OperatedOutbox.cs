using Npgsql;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Processes;

namespace Sidecar.OutboxRelay.Tests.Fixtures;

/// <summary>A database of its own with the outbox's schema, on a real server.</summary>
internal sealed class OperatedOutbox
{
    private OperatedOutbox(string connectionString)
    {
        ConnectionString = connectionString;
        Address = PgAddress.Parse(connectionString)!;
    }

    public string ConnectionString { get; }

    public PgAddress Address { get; }

    public StoreOptions Options => new() { Postgres = ConnectionString };

    public static async Task<OperatedOutbox> MakeAsync(PostgresEnd end)
    {
        var server = await SharedPostgres.GetAsync(end);
        var outbox = new OperatedOutbox(await server.NewDatabaseAsync("outbox"));
        var applied = await PgInstaller.ApplyAsync(outbox.Address, PgSchema.Migrations, TimeProvider.System);
        Assert.That(applied.Problem, Is.Null);
        return outbox;
    }

    public async Task<long> PublishAsync(string topic, string? key, string? value, string? headers = null)
    {
        await using var connection = await Sql.OpenAsync(ConnectionString);
        await using var command = new NpgsqlCommand(
            "SELECT outbox.publish($1, $2::text, convert_to($3, 'UTF8'), $4::jsonb)", connection);
        foreach (var text in new[] { topic, key, value, headers })
        {
            command.Parameters.AddWithValue(NpgsqlTypes.NpgsqlDbType.Text, (object?)text ?? DBNull.Value);
        }

        return (long)(await command.ExecuteScalarAsync())!;
    }

    public Task ExecuteAsync(string sql) => Sql.ExecuteAsync(ConnectionString, sql);

    public async Task<T> ScalarAsync<T>(string sql) => (await Sql.ScalarAsync<T>(ConnectionString, sql))!;

    /// <summary>Sets a row aside as a relay would.</summary>
    public Task HoldAsync(long id, string kind) => ExecuteAsync(
        $"""
        INSERT INTO outbox.held (id, bucket, topic, key, value, headers, created_at, kind, reason)
        SELECT id, bucket, topic, key, value, headers, created_at, '{kind}', 'because it is {kind}' FROM outbox.log WHERE id = {id}
        """);

    /// <summary>Everything that is there now is settled, as a relay would write it.</summary>
    public Task SettleAllAsync() => ExecuteAsync(
        "UPDATE outbox.lane SET done = pg_current_snapshot(), floor = pg_sequence_last_value('outbox.log_id')");

    public ProgramProcess Run(params string[] flags) => Relays.Start(
        ["run", "--postgres", ConnectionString, "--bootstrap-servers", Kafka.BootstrapServers, "--metrics-port", "0",
            "--metrics-address", "127.0.0.1", "--lease", "2s", "--log-format", "text", .. flags]);

    /// <summary>Runs a command to its end: what it says, and how it ended.</summary>
    public async Task<(int Code, string Output)> CommandAsync(params string[] command)
    {
        await using var program = Relays.Start([.. command, "--postgres", ConnectionString]);
        var code = await program.EndAsync();
        return (code, program.Output);
    }

    public Task DrainedAsync() => Until.TrueAsync(
        async () => await ScalarAsync<long>(
            "SELECT count(*) FROM outbox.log m JOIN outbox.lane l USING (bucket) WHERE NOT pg_visible_in_snapshot(m.xid, l.done)") +
            await ScalarAsync<long>("SELECT count(*) FROM outbox.held WHERE kind = 'waiting'") == 0,
        Relays.Bound, "everything is settled");
}
