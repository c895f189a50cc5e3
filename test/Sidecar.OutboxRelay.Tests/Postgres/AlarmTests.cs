using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary>What one relay found and what that means for the others.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class AlarmTests(PostgresEnd end)
{
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

    private Task RaiseAsync(string kind) => outbox.ExecuteAsync($"SELECT outbox.raise_alarm('{kind}', 'of a test', 'found')");
}
