using Sidecar.Faults.Tests.Rig;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Proxies;

namespace Sidecar.Faults.Tests.Databases;

/// <summary>The database dies, restarts, fails over, and is cut off while events are written.</summary>
[TestFixtureSource(typeof(Way), nameof(Way.Thorough))]
internal sealed class DatabaseTests(Way way)
{
    [Test]
    public async Task A_database_killed_and_started_again_loses_nothing()
    {
        var kills = RunOptions.Of(1, 5);
        await using var scenario = await Scenario.BeginAsync("database killed -9", way);
        scenario.Writer.Start();
        var relay = scenario.StartRelay();
        for (var kill = 0; kill < kills; kill++)
        {
            await scenario.FlowsAsync();
            await scenario.Writer.WroteAsync(scenario.Chance.Next(5, 100));
            await scenario.Database.Server.KillAsync();
            await relay.WaitsForAsync("database");
            await scenario.Database.Server.StartAgainAsync();
            await scenario.RecoversAsync();
        }

        await scenario.EndAsync(duplicatesAtMost: kills * Scenario.CrashRows);
    }

    [Test]
    public async Task A_database_that_is_restarted_loses_nothing()
    {
        await using var scenario = await Scenario.BeginAsync("database restarted", way);
        scenario.Writer.Start();
        scenario.StartRelay();
        await scenario.FlowsAsync();
        await scenario.Writer.WroteAsync(50);

        await scenario.Database.Server.RestartAsync();

        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: Scenario.CrashRows);
    }

    [Test]
    public async Task A_synchronous_standby_that_is_promoted_goes_on_where_the_primary_died()
    {
        await using var primary = await LocalPostgres.StartAsync(SharedPostgres.Breakable(way.End), new LocalPostgresOptions());
        await using var scenario = await Scenario.BeginAsync("failover to a synchronous standby", way, primary);
        await using var standby = await primary.StandbyAsync();
        await using var address = new CuttingProxy(primary.Port);
        scenario.Writer.Start();
        var relay = scenario.StartRelay(address.Port);
        await scenario.FlowsAsync();
        await scenario.Writer.WroteAsync(100);

        await primary.KillAsync();
        await relay.WaitsForAsync("database");
        await standby.PromoteAsync();
        scenario.Database.MoveTo(standby);
        address.TargetPort = standby.Port;

        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: Scenario.CrashRows);
    }

    [Test]
    public async Task A_connection_that_is_cut_at_any_byte_loses_nothing()
    {
        var cuts = RunOptions.Of(8, 40);
        await using var scenario = await Scenario.BeginAsync($"connection to the database cut {cuts} times", way);
        await using var address = new CuttingProxy(scenario.Database.Server.Port);
        scenario.Writer.Start();
        scenario.StartRelay(address.Port);
        await scenario.FlowsAsync();
        for (var cut = 0; cut < cuts; cut++)
        {
            var before = address.Forwarded;
            if (cut % 4 == 3) address.Cut();
            else address.ResetAfter(scenario.Chance.Next(1, 60_000));
            await TestKit.Until.TrueAsync(
                () => address.Forwarded > before + 70_000, RunOptions.Bound, "the relay goes on through the proxy");
        }

        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: cuts * Scenario.CrashRows);
    }

    [Test]
    public async Task A_connection_that_falls_silent_is_given_up_and_said()
    {
        await using var scenario = await Scenario.BeginAsync("connection to the database silent", way);
        await using var address = new CuttingProxy(scenario.Database.Server.Port);
        scenario.Writer.Start();
        var relay = scenario.StartRelay(address.Port);
        await scenario.FlowsAsync();

        address.Stall();
        await relay.WaitsForAsync("database");
        address.Heal();

        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: Scenario.CrashRows);
    }

    [Test]
    public async Task A_clock_that_is_set_back_freezes_no_lease()
    {
        if (LocalPostgres.NoClock is { } reason) Assert.Ignore(reason);
        await using var server = await LocalPostgres.StartAsync(
            SharedPostgres.Breakable(way.End), new LocalPostgresOptions { OwnClock = true });
        await using var scenario = await Scenario.BeginAsync("database's clock set back one hour, relay killed", way, server);
        scenario.Writer.Start();
        var first = scenario.StartRelay();
        await scenario.FlowsAsync();
        scenario.StartRelay();
        await scenario.BothAreInAsync();
        await scenario.Writer.WroteAsync(50);

        server.SetClock(TimeSpan.FromHours(-1));
        await scenario.Writer.WroteAsync(20);
        await scenario.KillAsync(first);
        await scenario.RecoversAsync();
        server.SetClock(TimeSpan.Zero);
        await scenario.Writer.WroteAsync(50);

        await scenario.EndAsync(duplicatesAtMost: Scenario.CrashRows);
    }
}
