using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Fixtures;

/// <summary>A database of its own with the outbox's schema.</summary>
internal sealed class OutboxDatabase
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    private OutboxDatabase(string connectionString)
    {
        ConnectionString = connectionString;
        Options = new StoreOptions { Postgres = connectionString, WindowRows = 100 };
    }

    public string ConnectionString { get; }

    public StoreOptions Options { get; }

    public static async Task<OutboxDatabase> MakeAsync(PostgresEnd end, bool withSchema = true)
    {
        var server = await SharedPostgres.GetAsync(end);
        var database = new OutboxDatabase(await server.NewDatabaseAsync("relay"));
        if (withSchema)
        {
            var answer = await PgInstaller.ApplyAsync(
                PgAddress.Parse(database.ConnectionString)!, PgSchema.Migrations, TimeProvider.System);
            Assert.That(answer.Problem, Is.Null);
        }

        return database;
    }

    public Task<NpgsqlConnection> OpenAsync() => Sql.OpenAsync(ConnectionString);

    public Task ExecuteAsync(string sql) => Sql.ExecuteAsync(ConnectionString, sql);

    public Task<T?> ScalarAsync<T>(string sql) => Sql.ScalarAsync<T>(ConnectionString, sql);

    /// <summary>Publishes in a transaction of its own; the answer is the row's id.</summary>
    public Task<long> PublishAsync(string key, string topic = "t") =>
        ScalarAsync<long>($"SELECT outbox.publish('{topic}', '{key}', 'v')");

    public PgStore Store(StoreOptions? options = null) =>
        new(options ?? Options, Lease, new RelayTelemetry(TimeProvider.System, NullLoggerFactory.Instance));

    /// <summary>A store that holds the lease.</summary>
    public async Task<(PgStore Store, Fence Fence)> EnterAsync(string name = "relay")
    {
        var store = Store();
        Assert.That((await store.OpenAsync()).Problem, Is.Null);
        return (store, (await store.TakeLeaseAsync(name, Lease)).Value.Fence!.Value);
    }

    /// <summary>Every row in its log is settled, and that is written.</summary>
    public Task SettledAsync() => Until.TrueAsync(
        async () => await ScalarAsync<bool>(
            """
            SELECT NOT EXISTS (SELECT FROM outbox.held WHERE kind = 'waiting') AND NOT EXISTS (
              SELECT FROM outbox.log m JOIN outbox.lane l USING (bucket) WHERE NOT pg_visible_in_snapshot(m.xid, l.done)
                                                                              AND (l.win IS NULL OR m.id > l.win_id))
            """),
        Relays.Bound, "every row is settled");
}
