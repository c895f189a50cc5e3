using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary>What one relay found and what that means for the others.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class AlarmTests(PostgresEnd end)
{
    private const long NoLimit = 1 << 20;
    private const string Publish = "SELECT outbox.publish('t', 'k' || i, 'v') FROM generate_series(1, 200) i";

    // What a promoted standby lacks: all rows but the first hundred, and all progress.
    private const string GoBack =
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
        SET session_replication_role = replica; DELETE FROM outbox.log WHERE id > 100; SELECT setval('outbox.log_id', 100);
        UPDATE outbox.lane SET done = '1:1:', floor = 0, win = NULL, win_floor = NULL, win_id = NULL;
        UPDATE outbox.ledger SET rows = 0, id_sum = 0
        """;

    private OutboxDatabase outbox = null!;

    [SetUp]
    public async Task MakeAsync() => outbox = await OutboxDatabase.MakeAsync(end);

    [Test]
    public async Task An_alarm_stops_every_relay_that_runs_and_a_backlog_stops_none()
    {
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        await RaiseAsync("backlog");
        Assert.That((await store.RenewLeaseAsync(fence, OutboxDatabase.Lease)).Problem, Is.Null);
        await RaiseAsync("history");
        await RaiseAsync("slot");
        var problem = (await store.RenewLeaseAsync(fence, OutboxDatabase.Lease)).Problem!;
        Assert.That(problem.Fault, Is.EqualTo(StoreFault.Alarm));
        Assert.That(problem.Text, Does.Contain("alarm 2 (history of a test)").And.Contain("outbox-relay alarms accept 2"));
    }

    [Test]
    public async Task An_alarm_that_is_raised_before_the_lease_is_taken_keeps_the_relay_out()
    {
        using var store = outbox.Store();
        Assert.That((await store.OpenAsync()).Problem, Is.Null);
        await RaiseAsync("slot");
        var refused = (await store.TakeLeaseAsync("late", OutboxDatabase.Lease)).Problem!;
        Assert.That(refused.Fault, Is.EqualTo(StoreFault.Alarm));
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.relay"), Is.Zero, "it has left again");
        Assert.That((await store.OpenAsync()).Problem!.Text, Is.EqualTo(refused.Text));
        await outbox.ExecuteAsync("SELECT outbox.accept_alarm(1)");
        Assert.That((await store.OpenAsync()).Problem, Is.Null);
        Assert.That((await store.TakeLeaseAsync("late", OutboxDatabase.Lease)).Problem, Is.Null);
    }

    [TestCase(true, TestName = "A_past_that_was_accepted_is_not_raised_again_by_a_relay_that_stood_with_the_other")]
    [TestCase(false, TestName = "A_past_that_was_accepted_is_not_raised_again_by_a_relay_that_was_away_meanwhile")]
    public async Task A_past_that_was_accepted_is_not_raised_again(bool isThere)
    {
        using var found = await ReadToTheEndAsync("found");
        using var other = await ReadToTheEndAsync("other");
        await outbox.ExecuteAsync(GoBack);
        Assert.That((await ReadAnewAsync(found))!.Text, Does.Contain("the database went back: row 200 was read"));
        if (isThere)
        {
            Assert.That((await other.OpenAsync()).Problem!.Fault, Is.EqualTo(StoreFault.Alarm));
        }

        await outbox.ExecuteAsync("SELECT outbox.accept_alarm(1)");
        Assert.That(await ReadAnewAsync(other), Is.Null);
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.alarm"), Is.EqualTo(1));
    }

    /// <summary>A relay that has read what is published now, and has left in good order.</summary>
    private async Task<PgStore> ReadToTheEndAsync(string name)
    {
        await outbox.ExecuteAsync(Publish);
        var (store, fence) = await outbox.EnterAsync(name);
        while ((await store.ReadWindowAsync(true, [], NoLimit)).Value is { Count: > 0 } rows)
        {
            await store.SettleAsync(fence, OutboxDatabase.Lease, new Settlement([.. rows.Select(row => row.Id)], []));
        }

        Assert.That((await store.ReleaseLeaseAsync(fence)).Problem, Is.Null);
        return store;
    }

    /// <summary>Opens the outbox again, takes the lease, and reads; null, or what stood in the way.</summary>
    private static async Task<StoreProblem?> ReadAnewAsync(PgStore store) =>
        (await store.OpenAsync()).Problem ??
        (await store.TakeLeaseAsync("again", OutboxDatabase.Lease)).Problem ??
        (await store.ReadWindowAsync(true, [], NoLimit)).Problem;

    private Task RaiseAsync(string kind) => outbox.ExecuteAsync($"SELECT outbox.raise_alarm('{kind}', 'of a test', 'found')");
}
