using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.OutboxRelay.Wal;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Wal;

[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
public sealed class WalReaderTests(PostgresEnd end)
{
    private WalDriver driver = null!;

    [SetUp]
    public async Task StartAsync()
    {
        var server = await SharedPostgres.GetAsync(end);
        driver = await WalDriver.StartAsync(await server.NewDatabaseAsync("wal"));
    }

    [TearDown]
    public async Task StopAsync() => await driver.DisposeAsync();

    [Test]
    public async Task Rows_come_from_the_table_first_and_then_from_the_log_each_once()
    {
        await PublishAsync("early");
        await driver.UntilAsync(() => driver.Reader.IsStreaming, "the stream");
        await PublishAsync("late");
        await driver.UntilAsync(() => driver.Got.Count == 2 && driver.Ledger.Values.Sum(sum => sum.Rows) == 2, "both rows");

        Assert.That(driver.Got.Select(row => row.Value), Is.EqualTo(new[] { "early", "late" }));
        Assert.That(driver.Streamed, Is.EqualTo(1));
        Assert.That(await driver.LedgerIsRightAsync());
    }

    [Test]
    public async Task A_row_from_the_log_is_what_the_table_holds()
    {
        await driver.UntilAsync(() => driver.Reader.IsStreaming, "the stream");
        await Sql.ExecuteAsync(
            driver.Database,
            """SELECT outbox.publish('t.ö', 'k'::text, ''::bytea, '[["a","b"],["n",null]]'), outbox.publish('t2', NULL::bytea, NULL)""");

        var rows = new List<OutboxRelay.Contracts.OutboxRow>();
        await driver.Reader.WhenNews();
        while (rows.Count < 2)
        {
            rows.AddRange(driver.Reader.Take(10, 1000));
        }

        Assert.Multiple(() =>
        {
            Assert.That(rows.Select(row => row.Topic), Is.EqualTo(new[] { "t.ö", "t2" }));
            Assert.That(rows[0].Key, Is.EqualTo("k"u8.ToArray()));
            Assert.That(rows[0].Value, Is.Empty);
            Assert.That(System.Text.Encoding.UTF8.GetString(rows[0].Headers!), Is.EqualTo("""[["a", "b"], ["n", null]]"""));
            Assert.That((rows[1].Key, rows[1].Value, rows[1].Headers), Is.EqualTo(((byte[]?)null, (byte[]?)null, (byte[]?)null)));
            Assert.That(Math.Abs(rows[0].CreatedMs - TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()), Is.LessThan(60_000));
        });
    }

    [Test]
    public async Task While_a_transaction_holds_up_the_slot_the_table_is_read()
    {
        await using var writer = await Sql.OpenAsync(driver.Database);
        await writer.ExecuteAsync("BEGIN; SELECT outbox.publish('t', 'k'::text, 'long'::bytea)");
        await driver.UntilAsync(() => driver.Reader.Phase == WalPhase.SlotBeingMade, "the slot to be wanted");

        await PublishAsync("meanwhile");
        await driver.UntilAsync(() => driver.Got.Count == 1, "the row that is not held up");
        Assert.That(driver.Reader.Phase, Is.EqualTo(WalPhase.SlotBeingMade));

        await writer.ExecuteAsync("COMMIT");
        await driver.UntilAsync(() => driver.Reader.IsStreaming && driver.Got.Count == 2, "the stream and the long row");
        Assert.That(driver.Got.Select(row => row.Value), Is.EqualTo(new[] { "meanwhile", "long" }));
    }

    [Test]
    public async Task An_idle_outbox_writes_no_log_and_lets_the_server_forget_its_own()
    {
        await driver.UntilAsync(() => driver.Reader.IsStreaming, "the stream");
        await PublishAsync("one");
        await driver.UntilAsync(() => driver.Ledger.Count == 1 && !driver.Reader.NeedsMarker, "progress");

        await using var other = await Sql.OpenAsync(driver.Database);
        await other.ExecuteAsync("CREATE TABLE busy AS SELECT n, repeat('x', 500) FROM generate_series(1, 8000) n");
        var confirmed = "SELECT confirmed_flush_lsn > $lsn FROM pg_replication_slots WHERE database = current_database()"
            .Replace("$lsn", $"'{await other.ScalarAsync<string>("SELECT pg_current_wal_lsn()::text")}'::pg_lsn", StringComparison.Ordinal);
        await other.ExecuteAsync("INSERT INTO busy SELECT n, repeat('y', 500) FROM generate_series(1, 8000) n");
        var moved = false;
        await driver.UntilAsync(
            () => moved || (moved = other.ScalarAsync<bool>(confirmed).GetAwaiter().GetResult()), "the slot to move on");

        Assert.That(driver.Reader.NeedsMarker, Is.False);
        Assert.That(driver.Losses, Is.Empty);
    }

    [Test]
    public async Task A_slot_that_is_lost_costs_repetitions_and_no_row()
    {
        await driver.UntilAsync(() => driver.Reader.IsStreaming, "the stream");
        await PublishAsync("before");
        await driver.UntilAsync(() => driver.Got.Count == 1, "a row from the log");
        await Sql.ExecuteAsync(
            driver.Database, "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = current_database()");
        await PublishAsync("after");

        await driver.UntilAsync(() => driver.Losses.Count > 0, "the loss");
        await driver.UntilAsync(() => driver.Got.Any(row => row.Value == "after"), "the row after it");
        Assert.That(driver.Losses, Is.EqualTo(new[] { WalLoss.Broken }));

        await driver.UntilAsync(() => driver.Reader.IsStreaming, "the next stream");
        await PublishAsync("again");
        await driver.UntilAsync(() => driver.Got[^1].Value == "again", "a row from it");
        Assert.That(driver.Got.Select(row => row.Value).Distinct(), Is.EqualTo(new[] { "before", "after", "again" }));
    }

    [Test]
    public async Task A_reader_that_takes_nothing_loses_the_slot_before_the_disk_fills()
    {
        await driver.DisposeAsync();
        driver = await WalDriver.StartAsync(driver.Database, new WalOptions { MaxLag = 8 * 1024 * 1024 });
        await driver.UntilAsync(() => driver.Reader.IsStreaming, "the stream");
        await Sql.ExecuteAsync(
            driver.Database,
            "SELECT count(outbox.publish('t', n::text, convert_to(repeat('x', 1000), 'UTF8'))) FROM generate_series(1, 40000) n");

        // Looked at, but not taken from.
        await using var looking = await Sql.OpenAsync(driver.Database);
        var began = TimeProvider.System.GetTimestamp();
        while (driver.Losses.Count == 0 && TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(60))
        {
            await driver.Reader.LookAsync(looking);
        }

        Assert.That(driver.Losses, Is.EqualTo(new[] { WalLoss.TooFarBehind }));
        await driver.Reader.DisposeAsync();
        const string NoSlot = "SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE database = current_database())";
        await Until.TrueAsync(
            async () => await Sql.ScalarAsync<bool>(driver.Database, NoSlot), Relays.Bound, "the slot ends with its connection");
    }

    [Test]
    public async Task A_slot_that_is_still_being_made_is_given_up_with_its_reader()
    {
        await using var writer = await Sql.OpenAsync(driver.Database);
        await writer.ExecuteAsync("BEGIN; SELECT outbox.publish('t', 'k'::text, 'long'::bytea)");
        await driver.UntilAsync(() => driver.Reader.Phase == WalPhase.SlotBeingMade, "the slot to be wanted");
        var slots = "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()";
        var there = 0L;
        await driver.UntilAsync(
            () => (there = Sql.ScalarAsync<long>(driver.Database, slots).GetAwaiter().GetResult()) == 1, "the slot on the server");

        await driver.Reader.DisposeAsync();
        await driver.UntilAsync(
            () => (there = Sql.ScalarAsync<long>(driver.Database, slots).GetAwaiter().GetResult()) == 0, "its end");
        Assert.That(there, Is.Zero);
    }

    /// <summary>Npgsql then waited for an answer that did not come, and so did whoever stopped the relay.</summary>
    [Test]
    public async Task A_stream_that_has_only_just_begun_can_be_given_up()
    {
        for (var i = 0; i < 5; i++)
        {
            await driver.UntilAsync(() => driver.Reader.IsStreaming, "the stream");
            await driver.Reader.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
            await driver.DisposeAsync();
            driver = await WalDriver.StartAsync(driver.Database);
        }
    }

    [Test]
    public async Task A_role_that_may_not_replicate_is_told_the_grant_and_reads_the_table()
    {
        var role = $"relay_{Guid.NewGuid():N}";
        await Sql.ExecuteAsync(driver.Database, $"CREATE ROLE {role} LOGIN; GRANT outbox_relay TO {role}");
        await using var lesser = await WalDriver.StartAsync(driver.Database, user: role);
        await PublishAsync("one");
        await lesser.UntilAsync(() => lesser.Losses.Count > 0 && lesser.Got.Count == 1, "the row from the table");

        Assert.That(lesser.Reader.Problem!.Loss, Is.EqualTo(WalLoss.NotAllowed));
        Assert.That(lesser.Reader.Problem.Text, Does.Contain("REPLICATION"));
    }

    [Test]
    public async Task Writers_under_row_locks_stay_in_order_through_everything_that_can_happen_to_a_slot()
    {
        var seed = Guid.NewGuid().GetHashCode();
        TestContext.Out.WriteLine($"seed {seed}");
        await using var writers = await WalWriters.StartAsync(driver.Database, seed);
        var random = new Random(seed);
        for (var round = 0; round < 3; round++)
        {
            var from = driver.Streamed;
            await driver.UntilAsync(() => driver.Streamed >= from + 200, "rows from the log");
            await Sql.ExecuteAsync(
                driver.Database,
                random.Next(2) == 0
                    ? "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = current_database()"
                    : """
                      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND backend_type = 'walsender'
                      """);
        }

        await driver.UntilAsync(() => driver.Reader.IsStreaming, "the last stream");
        var committed = await writers.StopAsync();
        var got = new HashSet<long>();
        await driver.UntilAsync(
            () =>
            {
                got = [.. driver.Got.Select(row => row.Id)];
                return got.IsSupersetOf(committed) && !driver.Reader.NeedsMarker && !driver.Reader.AwaitsMarker;
            },
            "all rows");

        Assert.That(got.SetEquals(committed), "a row that was rolled back was read");
        Assert.That(WalWriters.Inversions(driver.Got), Is.Empty);
        Assert.That(await driver.LedgerIsRightAsync(), "the ledger");
    }

    private Task PublishAsync(string value) =>
        Sql.ExecuteAsync(driver.Database, $"SELECT outbox.publish('t', 'k'::text, '{value}'::bytea)");
}
