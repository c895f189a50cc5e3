using Sidecar.Faults.Tests.Rig;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Proxies;

namespace Sidecar.Faults.Tests.Alarms;

/// <summary>A past that is gone: a topic made anew, a database that lacks commits. Said, and not gone on with silently.</summary>
[TestFixtureSource(typeof(Way), nameof(Way.Usual))]
internal sealed class HistoryTests(Way way)
{
    [Test]
    public async Task A_topic_that_is_deleted_is_waited_for_and_one_made_again_is_refused()
    {
        await using var scenario = await Scenario.BeginAsync("topic deleted, then made again", way);
        var relay = scenario.StartRelay();
        await using var session = await scenario.SessionAsync();
        await session.PublishManyAsync(scenario.KeyNames, 500);
        await scenario.FlowsAsync();

        using var admin = scenario.Kafka.Admin();
        await admin.DeleteTopicsAsync([scenario.Topic]);
        await session.PublishManyAsync(scenario.KeyNames, 500);
        await relay.WaitsForAsync("topic", scenario.Topic);
        await scenario.Kafka.CreateTopicAsync(scenario.Topic, Scenario.Partitions);
        var alarm = await scenario.RefusesAsync(relay, scenario.Topic);

        await scenario.ReadAnewAsync();
        await scenario.AcceptAsync(alarm);
        await scenario.RecoversAsync();
        await relay.IsReadyAsync();
        await scenario.EndAsync(duplicatesAtMost: Scenario.CrashRows);
    }

    [TestCase(false, TestName = "A_standby_that_was_promoted_and_lacked_commits_is_refused")]
    [TestCase(true, TestName = "A_standby_that_lacked_commits_is_refused_also_when_its_ids_have_come_as_far")]
    public async Task A_standby_that_was_promoted_and_lacked_commits_is_refused(bool writtenToSince)
    {
        await using var primary = await LocalPostgres.StartAsync(SharedPostgres.Breakable(way.End), new LocalPostgresOptions());
        await using var scenario = await Scenario.BeginAsync(
            writtenToSince ? "standby promoted that lacked commits, written to since" : "standby promoted that lacked commits",
            way, primary);
        await using var standby = await primary.StandbyAsync(synchronous: false);
        await using var address = new CuttingProxy(primary.Port);
        var relay = scenario.StartRelay(address.Port);
        await using (var session = await scenario.SessionAsync())
        {
            await session.PublishManyAsync(scenario.KeyNames, 500);
            await scenario.FlowsAsync();
            await scenario.CatchesUpAsync(standby);
            await standby.StopStreamingAsync();
            await session.PublishManyAsync(scenario.KeyNames, 500);
        }

        await scenario.FlowsAsync();
        await TestKit.Until.TrueAsync(
            async () => await scenario.Database.ScalarAsync<decimal>("SELECT sum(rows) FROM outbox.ledger") == 1000,
            RunOptions.Bound, "what is sent is written down");
        await primary.KillAsync();
        await standby.PromoteAsync();
        scenario.Database.MoveTo(standby);
        if (writtenToSince)
        {
            await using var session = await scenario.SessionAsync();
            await session.PublishManyAsync(scenario.KeyNames, 2000);
        }

        address.TargetPort = standby.Port;

        var alarm = await scenario.RefusesAsync(relay, "went back");
        await scenario.AcceptAsync(alarm);
        // The accounts went back too: these events get the numbers that others, sent and then forgotten, had before.
        await using (var session = await scenario.SessionAsync())
            await session.PublishManyAsync(scenario.KeyNames, 1000);
        await scenario.RecoversAsync();
        await relay.IsReadyAsync();
        await scenario.EndAsync(duplicatesAtMost: 500 + Scenario.CrashRows);
    }
}
