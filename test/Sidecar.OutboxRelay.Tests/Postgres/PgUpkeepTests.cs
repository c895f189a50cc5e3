using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary>The log stays small, and what was altered by hand is found; the schema is upgraded under load.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class PgUpkeepTests(PostgresEnd end)
{
    private const long NoLimit = 1 << 20;
    private const string Fill =
        "SELECT outbox.publish('t', 'k' || i, convert_to(repeat('x', 1000), 'UTF8')) FROM generate_series(1, 200) i";

    // What a superuser can do, who turns the triggers off.
    private const string ByHand = "SET session_replication_role = replica; ";

    private OutboxDatabase outbox = null!;

    [SetUp]
    public async Task MakeAsync()
    {
        outbox = await OutboxDatabase.MakeAsync(end);
        await outbox.ExecuteAsync("UPDATE outbox.config SET slot_bytes = 65536");
    }

    [Test]
    public async Task Slots_fill_in_turn_and_are_emptied_once_their_rows_are_settled()
    {
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        for (var round = 0; round < 6; round++)
        {
            await outbox.ExecuteAsync(Fill);
            await DrainAsync(store, fence);
        }

        await Until.TrueAsync(
            async () =>
            {
                await DrainAsync(store, fence);
                return await outbox.ScalarAsync<long>("SELECT sum(emptied)::bigint FROM outbox.slot") == 1200;
            },
            Relays.Bound, "every row has left");
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.log"), Is.Zero);
        Assert.That(await outbox.ScalarAsync<long>("SELECT sum(rows)::bigint FROM outbox.ledger"), Is.Zero);
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.alarm"), Is.Zero);
    }

    [Test]
    public async Task While_Kafka_takes_nothing_writers_go_on_to_the_next_slot_and_the_backlog_is_told()
    {
        await outbox.ExecuteAsync("UPDATE outbox.config SET max_backlog_rows = 100");
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        for (var slot = 1; slot <= 2; slot++)
        {
            await outbox.ExecuteAsync(Fill);
            await Until.TrueAsync(
                async () =>
                {
                    Assert.That((await store.RenewLeaseAsync(fence, OutboxDatabase.Lease)).Problem, Is.Null);
                    return await outbox.ScalarAsync<long>(
                        "SELECT last_value FROM outbox.current_slot, outbox.alarm WHERE kind = 'backlog'") == slot;
                },
                Relays.Bound, $"slot {slot} is the current one, and the backlog is told");
        }
    }

    [TestCase("repeatable read")]
    [TestCase("serializable")]
    public async Task A_stricter_isolation_by_default_does_not_reach_the_relays_connections(string level)
    {
        var given = new NpgsqlConnectionStringBuilder(outbox.ConnectionString) { Pooling = false };
        await outbox.ExecuteAsync($"ALTER DATABASE \"{given.Database}\" SET default_transaction_isolation = '{level}'");
        Assert.That(await Sql.ScalarAsync<string>(given.ConnectionString, "SHOW transaction_isolation"), Is.EqualTo(level));

        await using var source = PgSource.Create(PgAddress.Parse(given.ConnectionString)!, PgHousekeeping.StatementTimeout);
        await using var command = source.CreateCommand("SHOW transaction_isolation");
        Assert.That(await command.ExecuteScalarAsync(), Is.EqualTo("read committed"));
    }

    [Test]
    public async Task A_slot_with_a_row_that_is_not_settled_is_not_emptied()
    {
        await outbox.ExecuteAsync(Fill);
        await outbox.ExecuteAsync("SELECT outbox.rotate()");
        Assert.That(
            await outbox.ScalarAsync<string>("SELECT state || ' ' || row_id FROM outbox.empty_slot(0)"), Is.EqualTo("unread 200"));
        Assert.That(await outbox.ScalarAsync<string>("SELECT state FROM outbox.empty_slot(1)"), Is.EqualTo("current"));
    }

    [Test]
    public async Task A_slot_whose_newest_rows_wait_is_neither_locked_nor_read_through()
    {
        await outbox.ExecuteAsync(Fill);
        await using var writer = await outbox.OpenAsync();
        await writer.ExecuteAsync("BEGIN; SELECT outbox.publish('t', 'k', 'v')");
        await outbox.ExecuteAsync("SELECT outbox.rotate()");
        Assert.That(
            await outbox.ScalarAsync<string>("SELECT state FROM outbox.empty_slot(0)"), Is.EqualTo("unread"), "not busy");
        await writer.ExecuteAsync("ROLLBACK");
    }

    [Test]
    public async Task A_proof_that_takes_too_long_lets_the_other_slots_have_their_turn_and_may_take_longer_then()
    {
        await FillTwoSlotsAsync(secondsForTheFirst: 1);
        using var housekeeping = new PgHousekeeping(
            PgAddress.Parse(outbox.ConnectionString)!, TimeProvider.System, NullLogger.Instance, TimeSpan.FromMilliseconds(300));
        await KeepUntilAsync(housekeeping, "SELECT emptied = 200 FROM outbox.slot WHERE slot = 1");
        Assert.That(await outbox.ScalarAsync<long>("SELECT emptied FROM outbox.slot WHERE slot = 0"), Is.Zero);
        await KeepUntilAsync(housekeeping, "SELECT emptied = 200 FROM outbox.slot WHERE slot = 0");
    }

    [Test]
    public async Task Writers_go_on_to_the_next_slot_while_a_proof_takes_long_and_it_ends_with_its_relay()
    {
        const string Proofs =
            "SELECT count(*) = {0} FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        await FillTwoSlotsAsync(secondsForTheFirst: 50);
        using (var housekeeping = new PgHousekeeping(
            PgAddress.Parse(outbox.ConnectionString)!, TimeProvider.System, NullLogger.Instance))
        {
            await KeepUntilAsync(housekeeping, string.Format(CultureInfo.InvariantCulture, Proofs, 1));
            await outbox.ExecuteAsync(Fill);
            await KeepUntilAsync(housekeeping, "SELECT last_value = 3 FROM outbox.current_slot");
        }

        var none = string.Format(CultureInfo.InvariantCulture, Proofs, 0);
        await Until.TrueAsync(() => outbox.ScalarAsync<bool>(none), TimeSpan.FromSeconds(30), "the server has given up the proof");
    }

    [TestCase("DELETE FROM outbox.log WHERE id = 7", "holds 199 rows")]
    [TestCase("UPDATE outbox.log SET id = 1007 WHERE id = 7", "sum of ids 21100")]
    [TestCase("TRUNCATE outbox.log_0", "truncated or rewritten by hand")]
    public async Task Rows_altered_by_hand_raise_an_alarm_and_the_relay_stands_until_it_is_accepted(string planted, string found)
    {
        await outbox.ExecuteAsync("UPDATE outbox.config SET slot_bytes = 1000000000");
        await outbox.ExecuteAsync(Fill);
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        Assert.That(await DrainAsync(store, fence), Is.Null);
        await outbox.ExecuteAsync(
            $"{ByHand}{planted}; UPDATE outbox.config SET slot_bytes = 65536; SELECT setval('outbox.current_slot', 1)");
        StoreProblem? problem = null;
        await Until.TrueAsync(
            async () => (problem = await DrainAsync(store, fence)) is not null, Relays.Bound, "the alarm is raised");
        Assert.That(problem!.Fault, Is.EqualTo(StoreFault.Alarm));
        Assert.That(problem.Text, Does.Contain("log_0").And.Contain(found));
        using var other = outbox.Store();
        Assert.That((await other.OpenAsync()).Problem!.Text, Does.Contain("outbox-relay alarms accept 1"));
        Assert.That(await outbox.ScalarAsync<string>("SELECT outbox.accept_alarm(1)"), Is.EqualTo("slot log_0"));
        store.Dispose();
        var (again, fenceAgain) = await outbox.EnterAsync();
        using var last = again;
        await Until.TrueAsync(
            async () =>
            {
                Assert.That(await DrainAsync(again, fenceAgain), Is.Null);
                return await outbox.ScalarAsync<long>("SELECT pg_relation_size('outbox.log_0')") == 0;
            },
            Relays.Bound, "the slot is emptied");
    }

    [Test]
    public async Task A_sequence_that_was_set_back_raises_an_alarm_and_goes_on_after_it_is_accepted()
    {
        await outbox.ExecuteAsync(Fill);
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        await DrainAsync(store, fence);
        await outbox.ExecuteAsync("SELECT setval('outbox.log_id', 10)");
        var problem = await DrainAsync(store, fence);
        Assert.That(problem!.Fault, Is.EqualTo(StoreFault.Alarm));
        Assert.That(problem.Text, Does.Contain("ids up to 200 were given out before"));
        await outbox.ExecuteAsync("SELECT outbox.accept_alarm(1)");
        Assert.That(await outbox.PublishAsync("k"), Is.EqualTo(100_201), "far above what writers may have taken meanwhile");
    }

    [Test]
    public async Task An_outbox_in_another_cluster_is_refused_and_after_acceptance_only_the_rest_is_sent()
    {
        await outbox.ExecuteAsync(Fill);
        var (store, fence) = await outbox.EnterAsync();
        await DrainAsync(store, fence);
        await store.ReleaseLeaseAsync(fence);
        store.Dispose();
        await outbox.PublishAsync("new");
        await outbox.ExecuteAsync("UPDATE outbox.config SET system_id = '1'");
        using (var refused = outbox.Store())
        {
            Assert.That((await refused.OpenAsync()).Problem!.Text, Does.Contain("comes from the cluster 1"));
        }

        await outbox.ExecuteAsync("SELECT outbox.accept_alarm(1)");
        var (next, _) = await outbox.EnterAsync();
        using var held = next;
        Assert.That((await next.ReadWindowAsync(true, [], NoLimit)).Value.Select(row => row.Id), Is.EqualTo(new long[] { 201 }));
    }

    [Test]
    public async Task A_script_that_goes_on_after_a_step_that_failed_skips_none()
    {
        var bare = await OutboxDatabase.MakeAsync(end, withSchema: false);
        await bare.ExecuteAsync(PgSchema.Migrations[0].Statement);
        await bare.ExecuteAsync("CREATE FUNCTION outbox.publish(text, bytea, bytea, jsonb, boolean) RETURNS bigint RETURN 1");
        foreach (var step in PgSchema.Migrations.Skip(1))
        {
            Assert.ThrowsAsync<PostgresException>(() => bare.ExecuteAsync(step.Statement), step.Name);
        }

        Assert.That(await bare.ScalarAsync<int>("SELECT schema_version FROM outbox.config"), Is.EqualTo(1));
        await bare.ExecuteAsync("DROP FUNCTION outbox.publish(text, bytea, bytea, jsonb, boolean)");
        for (var time = 1; time <= 2; time++)
        {
            await bare.ExecuteAsync(PgSchema.Script);
            Assert.That(await bare.ScalarAsync<int>("SELECT schema_version FROM outbox.config"), Is.EqualTo(PgSchema.Version));
        }

        Assert.That(await bare.PublishAsync("k"), Is.EqualTo(1));
    }

    [Test]
    public async Task An_older_schema_is_upgraded_while_writers_and_a_relay_go_on()
    {
        var later = PgSchema.Version + 1;
        PgMigration[] migrations =
        [
            .. PgSchema.Migrations,
            new PgMigration(later, "later", "ALTER TABLE outbox.log ADD COLUMN later text; ALTER TABLE outbox.lane ADD COLUMN later text;"),
        ];
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            await using var connection = await outbox.OpenAsync();
            var published = 0;
            while (!enough.IsCancellationRequested)
            {
                await connection.ExecuteAsync("SELECT outbox.publish('t', 'k', 'v'); SELECT outbox.publish('t', 'k', 'v')");
                published += 2;
            }

            return published;
        })).ToArray();
        var upgrade = PgInstaller.ApplyAsync(PgAddress.Parse(outbox.ConnectionString)!, migrations, TimeProvider.System);
        var read = 0;
        while (!upgrade.IsCompleted)
        {
            read += await WindowAsync(store, fence);
        }

        Assert.That((await upgrade).Problem, Is.Null);
        Assert.That((await upgrade).Value, Is.EqualTo((await upgrade).Value with { From = PgSchema.Version, To = later }));
        read += await WindowAsync(store, fence);
        await enough.CancelAsync();
        var written = (await Task.WhenAll(writers)).Sum();
        int count;
        do
        {
            // Where rows are many, a look that comes too soon after the last finds none: only after a wait is none the end.
            await store.WaitForNewsAsync(OutboxDatabase.Lease, CancellationToken.None);
            read += count = await WindowAsync(store, fence);
        }
        while (count > 0);

        Assert.That(read, Is.EqualTo(written));
        Assert.That(await outbox.ScalarAsync<int>("SELECT schema_version FROM outbox.config"), Is.EqualTo(later));
    }

    /// <summary>Two slots are full and settled, and the proof of the first takes as long as that of a slot of gigabytes.</summary>
    private async Task FillTwoSlotsAsync(int secondsForTheFirst)
    {
        for (var slot = 0; slot < 2; slot++)
        {
            await outbox.ExecuteAsync(Fill);
            await outbox.ExecuteAsync("SELECT outbox.rotate()");
        }

        await outbox.ExecuteAsync(
            $"""
            UPDATE outbox.lane SET done = pg_current_snapshot(), floor = 400;
            UPDATE outbox.ledger SET rows = 200, id_sum = 20100 + slot * 40000 WHERE slot < 2 AND part = 0;
            ALTER FUNCTION outbox.empty_slot(integer) RENAME TO empty_slot_itself;
            CREATE FUNCTION outbox.empty_slot(number integer, OUT state text, OUT detail text, OUT row_id bigint)
            LANGUAGE plpgsql AS $$
            BEGIN
              IF number = 0 THEN
                PERFORM pg_advisory_xact_lock(7411002);
                LOCK TABLE outbox.log_0 IN SHARE MODE;
                PERFORM pg_sleep({secondsForTheFirst});
              END IF;
              SELECT e.state, e.detail, e.row_id INTO state, detail, row_id FROM outbox.empty_slot_itself(number) e;
            END $$
            """);
    }

    private Task KeepUntilAsync(PgHousekeeping housekeeping, string condition)
    {
        var activity = 0L;
        return Until.TrueAsync(
            async () =>
            {
                housekeeping.Tick(activity++);
                return await outbox.ScalarAsync<bool>(condition);
            },
            Relays.Bound, condition);
    }

    /// <summary>Settles one window; a statement that had to wait too long for the upgrade is asked again.</summary>
    private static async Task<int> WindowAsync(PgStore store, Fence fence)
    {
        var rows = await store.ReadWindowAsync(true, [], NoLimit);
        if (rows.Problem is { } problem)
        {
            Assert.That(problem.Fault, Is.EqualTo(StoreFault.Busy), problem.Text);
            return 0;
        }

        await store.SettleAsync(fence, OutboxDatabase.Lease, new Settlement([.. rows.Value.Select(row => row.Id)], []));
        return rows.Value.Count;
    }

    /// <summary>Settles everything that can be read now; null, or what stood in the way.</summary>
    private static async Task<StoreProblem?> DrainAsync(PgStore store, Fence fence)
    {
        while (true)
        {
            var rows = await store.ReadWindowAsync(true, [], NoLimit);
            if (rows.Problem is not null || rows.Value.Count == 0)
            {
                return rows.Problem;
            }

            var settlement = new Settlement([.. rows.Value.Select(row => row.Id)], []);
            if ((await store.SettleAsync(fence, OutboxDatabase.Lease, settlement)).Problem is { } problem)
            {
                return problem;
            }
        }
    }
}
