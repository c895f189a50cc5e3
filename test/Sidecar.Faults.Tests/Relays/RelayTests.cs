using Sidecar.Faults.Tests.Rig;

namespace Sidecar.Faults.Tests.Relays;

/// <summary>Relays that die, sleep, and come and go while events are written.</summary>
[TestFixtureSource(typeof(Way), nameof(Way.Usual))]
internal sealed class RelayTests(Way way)
{
    [Test]
    public async Task Without_a_fault_every_event_comes_once()
    {
        await using var scenario = await Scenario.BeginAsync("no fault", way);
        scenario.Writer.Start();
        scenario.StartRelay();
        await scenario.FlowsAsync();
        await scenario.Writer.WroteAsync(RunOptions.Of(500, 5000));
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task A_relay_killed_at_random_loses_nothing()
    {
        var kills = RunOptions.Of(6, 30);
        await using var scenario = await Scenario.BeginAsync($"relay killed {kills} times at random", way);
        scenario.Writer.Start();
        for (var kill = 0; kill < kills; kill++)
        {
            var relay = scenario.StartRelay();
            await scenario.FlowsAsync();
            await scenario.Writer.WroteAsync(scenario.Chance.Next(5, 200));
            await scenario.KillAsync(relay);
        }

        scenario.StartRelay();
        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: kills * Scenario.CrashRows);
    }

    [Test]
    public async Task A_relay_that_sleeps_beyond_its_lease_is_fenced_when_it_wakes()
    {
        await using var scenario = await Scenario.BeginAsync("relay paused beyond its lease, resumed beside a second", way);
        scenario.Writer.Start();
        var first = scenario.StartRelay();
        await scenario.FlowsAsync();
        scenario.StartRelay();
        await scenario.BothAreInAsync();
        await scenario.Writer.WroteAsync(50);

        first.Pause();
        await scenario.RecoversAsync();
        await scenario.Writer.WroteAsync(200);
        first.Resume();
        await scenario.Writer.WroteAsync(200);
        await scenario.FlowsAsync();

        await scenario.EndAsync(duplicatesAtMost: Scenario.CrashRows);
    }

    [Test]
    public async Task Of_two_relays_that_each_believe_they_own_a_bucket_one_is_fenced()
    {
        var thefts = RunOptions.Of(6, 30);
        await using var scenario = await Scenario.BeginAsync($"two owners of one bucket, {thefts} times", way);
        scenario.Writer.Start();
        scenario.StartRelay();
        await scenario.FlowsAsync();
        scenario.StartRelay();
        await scenario.BothAreInAsync();
        for (var theft = 0; theft < thefts; theft++)
        {
            await scenario.Writer.WroteAsync(scenario.Chance.Next(20, 80));
            // Each takes the other for dead, and claims lanes that the other still reads and sends.
            await scenario.Database.ExecuteAsync("UPDATE outbox.relay SET lease_until = '-infinity'");
        }

        await scenario.FlowsAsync();
        await scenario.BothAreInAsync();
        await scenario.EndAsync(duplicatesAtMost: 2 * thefts * Scenario.CrashRows);
    }

    [Test]
    public async Task Relays_that_come_and_go_hand_over_in_order()
    {
        var most = RunOptions.Of(3, 8);
        await using var scenario = await Scenario.BeginAsync($"up to {most} relays come, are killed, and are stopped", way);
        scenario.Writer.Start();
        var killed = 0;
        for (var step = 0; step < RunOptions.Of(8, 30); step++)
        {
            if (scenario.Relays.Count < most) scenario.StartRelay();
            await scenario.FlowsAsync();
            if (scenario.Relays.Count < 2 || scenario.Chance.Next(2) == 0) continue;
            var chosen = scenario.Relays[scenario.Chance.Next(scenario.Relays.Count)];
            if (scenario.Chance.Next(2) == 0) Assert.That(await chosen.StopAsync(), Is.Zero, chosen.Output);
            else killed++;
            await scenario.KillAsync(chosen);
        }

        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: killed * Scenario.CrashRows);
    }

    [Test]
    public async Task A_relay_told_to_stop_repeats_nothing_that_it_could_write_down()
    {
        await using var scenario = await Scenario.BeginAsync("relay stopped and started three times", way);
        scenario.Writer.Start();
        for (var stop = 0; stop < 3; stop++)
        {
            var relay = scenario.StartRelay();
            await scenario.FlowsAsync();
            await scenario.Writer.WroteAsync(100);
            Assert.That(await relay.StopAsync(), Is.Zero, relay.Output);
            await scenario.KillAsync(relay);
        }

        scenario.StartRelay();
        await scenario.RecoversAsync();

        // From the log, progress is as far as a marker: what is not sent yet in front of the last one keeps it back.
        await scenario.EndAsync(duplicatesAtMost: way.Mode == "wal" ? 3 * Scenario.CrashRows : 0);
    }
}
