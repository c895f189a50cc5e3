using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Processes;

namespace Sidecar.OutboxRelay.Tests.Wal;

/// <summary>The program in the mode that reads the log, against real servers: what is committed arrives, in order.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
public sealed class WalRelayTests(PostgresEnd end)
{
    private const string Streams = "Reading the write-ahead log";
    private const string EndWalsender =
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = current_database()";

    private string database = "";
    private string topic = "";

    [SetUp]
    public async Task MakeAsync()
    {
        var server = await SharedPostgres.GetAsync(end);
        database = await server.NewDatabaseAsync("walrelay");
        topic = await Kafka.TopicAsync();
        await InitAsync(database);
    }

    [Test]
    public async Task Everything_arrives_in_order_though_slots_are_dropped_and_the_relay_is_killed()
    {
        var seed = Guid.NewGuid().GetHashCode();
        TestContext.Out.WriteLine($"seed {seed}");
        await using var writers = await WalWriters.StartAsync(database, seed, topic);
        var relay = Run();
        await relay.SaysAsync(Streams);
        await ArrivesAsync(300);

        await Sql.ExecuteAsync(database, EndWalsender);
        await relay.SaysAsync("Reading the table, not the write-ahead log");
        await ArrivesAsync(600);

        await relay.KillAsync();
        await relay.DisposeAsync();
        relay = Run();
        await relay.SaysAsync(Streams);
        await ArrivesAsync(900);

        var committed = await writers.StopAsync();
        await Until.TrueAsync(
            async () => await Sql.ScalarAsync<bool>(database, AllDone), Relays.Bound, "the progress covers every row");
        Assert.That(await relay.TerminateAsync(), Is.Zero);
        await relay.DisposeAsync();
        var records = Kafka.ReadAll(topic);
        var got = records.Select(record => (Id(record), Text(record.Message.Key), Text(record.Message.Value))).ToList();
        TestContext.Progress.WriteLine(
            $"rows {committed.Count}, arrived {got.Select(row => row.Item1).Distinct().Count()}, repeated " +
            $"{got.Count - got.Select(row => row.Item1).Distinct().Count()}, out of order {WalWriters.Inversions(got).Count}");
        Assert.That(got.Select(row => row.Item1).ToHashSet().SetEquals(committed), "lost or invented rows");
        Assert.That(WalWriters.Inversions(got), Is.Empty);
        Assert.That(await Sql.ScalarAsync<bool>(database, LedgerIsRight), "the ledger is not the table");
    }

    [Test]
    public async Task A_relay_that_is_told_to_stop_repeats_nothing_when_it_comes_again()
    {
        await using (var relay = Run())
        {
            await relay.SaysAsync(Streams);
            await PublishAsync(500);
            await ArrivesAsync(500);
            Assert.That(await relay.TerminateAsync(), Is.Zero);
        }

        await using (var again = Run())
        {
            await again.SaysAsync(Streams);
            await PublishAsync(1);
            await ArrivesAsync(501);
            Assert.That(await again.TerminateAsync(), Is.Zero);
        }

        Assert.That(Kafka.ReadAll(topic), Has.Count.EqualTo(501));
    }

    [Test]
    public async Task A_server_whose_log_is_not_logical_is_read_by_its_table_and_says_what_to_set()
    {
        await using var server = await LocalPostgres.StartAsync(
            SharedPostgres.Breakable(end), new LocalPostgresOptions { Settings = ["wal_level=replica"] });
        database = await server.NewDatabaseAsync("replica");
        await InitAsync(database);
        await using var relay = Run();
        await relay.SaysAsync("set wal_level = logical");
        await PublishAsync(10);
        await ArrivesAsync(10);
        Assert.That(await relay.TerminateAsync(), Is.Zero);
    }

    [Test]
    public async Task A_refused_row_holds_its_key_and_no_other_while_the_log_is_read()
    {
        await using var relay = Run("--max-message-bytes", "2048");
        await relay.SaysAsync(Streams);
        await Sql.ExecuteAsync(
            database,
            $"""
            SELECT outbox.publish('{topic}', 'poison'::text, convert_to(repeat('x', 5000), 'UTF8'));
            SELECT outbox.publish('{topic}', 'poison'::text, 'behind'::bytea), outbox.publish('{topic}', 'other'::text, 'sent'::bytea);
            """);
        await ArrivesAsync(1);
        await Until.TrueAsync(
            async () => await Sql.ScalarAsync<long>(database, "SELECT count(*) FROM outbox.held") == 2, Relays.Bound, "both are held");

        await Sql.ExecuteAsync(database, $"SELECT outbox.publish('{topic}', 'poison'::text, 'later'::bytea)");
        await Until.TrueAsync(
            async () => await Sql.ScalarAsync<long>(database, "SELECT count(*) FROM outbox.held") == 3, Relays.Bound, "the third is held");
        Assert.That(Kafka.ReadAll(topic).Select(record => Text(record.Message.Value)), Is.EqualTo(new[] { "sent" }));
        Assert.That(await relay.TerminateAsync(), Is.Zero);
    }

    private const string AllDone =
        """
        SELECT NOT EXISTS (SELECT FROM outbox.log l JOIN outbox.lane n USING (bucket) WHERE NOT pg_visible_in_snapshot(l.xid, n.done))
        """;

    private const string LedgerIsRight =
        """
        SELECT (SELECT coalesce(sum(rows), 0) FROM outbox.ledger) = (SELECT count(*) FROM outbox.log)
           AND (SELECT coalesce(sum(id_sum), 0) FROM outbox.ledger) = (SELECT coalesce(sum(id), 0) FROM outbox.log)
        """;

    private static async Task InitAsync(string database)
    {
        var installed = await PgInstaller.ApplyAsync(PgAddress.Parse(database)!, PgSchema.Migrations, TimeProvider.System);
        Assert.That(installed.Problem, Is.Null);
    }

    private ProgramProcess Run(params string[] flags)
    {
        string[] all =
        [
            "run", "--postgres", database, "--mode", "wal", "--bootstrap-servers", Kafka.BootstrapServers, "--metrics-port", "0",
            "--metrics-address", "127.0.0.1", "--lease", "5s", "--log-format", "text", .. flags,
        ];
        return Relays.Start(all);
    }

    private Task PublishAsync(int rows) => Sql.ExecuteAsync(
        database, $"SELECT count(outbox.publish('{topic}', (n % 10)::text, 'v'::bytea)) FROM generate_series(1, {rows}) n");

    private Task ArrivesAsync(int rows) => Until.TrueAsync(
        () => Kafka.ReadAll(topic).Select(Id).Distinct().Count() >= rows, Relays.Bound, $"{rows} rows have arrived");

    private static long Id(Confluent.Kafka.ConsumeResult<byte[]?, byte[]?> record)
    {
        var sequence = System.Text.Encoding.UTF8.GetString(record.Message.Headers.GetLastBytes("sidecar-outbox-seq"));
        return long.Parse(sequence[(sequence.LastIndexOf('/') + 1)..]);
    }

    private static string Text(byte[]? bytes) => System.Text.Encoding.UTF8.GetString(bytes ?? []);
}
