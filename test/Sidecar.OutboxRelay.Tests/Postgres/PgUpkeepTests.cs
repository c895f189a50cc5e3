using Npgsql;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary>What was altered by hand is found; the schema is upgraded under load.</summary>
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
        await Until.TrueAsync(
            async () =>
            {
                // Where rows are many, a look that comes too soon after the last finds none: none is not yet the end.
                await store.WaitForNewsAsync(OutboxDatabase.Lease, CancellationToken.None);
                read += await WindowAsync(store, fence);
                return read >= written;
            },
            Relays.Bound, "every row is read");
        Assert.That(read, Is.EqualTo(written));
        Assert.That(await outbox.ScalarAsync<int>("SELECT schema_version FROM outbox.config"), Is.EqualTo(later));
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
