using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Restarts;

/// <summary>The agent is ended, gently and not, while events flow: what is lost, repeated, out of order.</summary>
internal sealed class RestartTests
{
    private const int Partitions = 4;
    private const int Concurrency = 64;
    private const int Ends = 5;

    // The least that brokers allow by default: a member that was killed is missed after this time.
    private static readonly string[] ShortSession = ["--session-timeout", "6s"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly bool Full = Environment.GetEnvironmentVariable("SIDECAR_FULL") == "1";

    [Test]
    public async Task Five_stops_in_the_middle_lose_nothing_and_repeat_nothing()
    {
        var events = Full ? 200_000 : 20_000;
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("stops");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic, keys: 1000);
        records.Add(events, inbox.Ledger);
        for (var stop = 1; stop <= Ends; stop++)
        {
            await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, $"; concurrency={Concurrency}");
            await inbox.HasAsync(events * stop / (Ends + 3), Patience);
            Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
            Assert.That(inbox.Different, Is.LessThan(events), "the stop came when all was done; it proves nothing");
        }

        await using (var last = await RunningAgent.StartAsync(kafka, topic, inbox, $"; concurrency={Concurrency}"))
        {
            await inbox.HasAsync(events, Patience);
            Assert.That(await last.StopAsync(), Is.Zero);
        }

        var table = inbox.Ledger.Table();
        await TestContext.Out.WriteLineAsync($"{Ends} SIGTERMs, {events:N0} events\n{table}");
        Assert.That(table.IsRight, Is.True, table.ToString());
    }

    [Test]
    public async Task Five_kills_lose_nothing_and_repeat_only_what_was_not_committed()
    {
        var perKill = Full ? 40_000 : 6_000;
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("kills");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic, keys: 1000);
        await using var producing = new Paced(records, inbox.Ledger, eventsPerSecond: 5_000);
        var setup = new AgentSetup(kafka.BootstrapServers, topic, inbox.Address)
        {
            Subscription = $"; concurrency={Concurrency}",
            Flags = ShortSession,
        };
        var bounds = 0L;
        for (var kill = 1; kill <= Ends; kill++)
        {
            await using var agent = await RunningAgent.StartAsync(setup);
            await inbox.HasAsync(perKill * kill, Patience);
            await agent.Process.KillAsync();
            var duplicates = inbox.Ledger.Table().Duplicates;
            var uncommitted = Uncommitted.Count(kafka, topic, Partitions, inbox);
            bounds += uncommitted + Concurrency;
            await TestContext.Out.WriteLineAsync(
                $"kill {kill}: {inbox.Different:N0} delivered, {duplicates:N0} repeated so far; at most "
                + $"{uncommitted:N0} acknowledged above the committed offsets + {Concurrency} in flight may be repeated");
        }

        await producing.StopAsync();
        await using (var last = await RunningAgent.StartAsync(setup))
        {
            await inbox.HasAsync(records.Produced, Patience);
            Assert.That(await last.StopAsync(), Is.Zero);
        }

        var table = inbox.Ledger.Table();
        await TestContext.Out.WriteLineAsync(
            $"{Ends} SIGKILLs, repeats {table.Duplicates:N0}, bound {bounds:N0}\n{table}");
        Assert.Multiple(() =>
        {
            Assert.That(table.IsAtLeastOnce, Is.True, table.ToString());
            Assert.That(table.Duplicates, Is.LessThanOrEqualTo(bounds));
            Assert.That(bounds, Is.LessThan(records.Produced / 2), "the agent hardly commits");
        });
    }
}
