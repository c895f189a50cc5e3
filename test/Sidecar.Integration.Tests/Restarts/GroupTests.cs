using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Restarts;

/// <summary>Several agents of one group, each with its own application, under load.</summary>
internal sealed class GroupTests
{
    private const int Partitions = 6;
    private const int Rate = 1_000;
    private const int Concurrency = 64;
    private const int Some = 1_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Test]
    public async Task Scaling_up_and_down_loses_nothing_repeats_nothing_and_keeps_the_order()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("scaling");
        await kafka.CreateTopicAsync(topic, Partitions);
        // All pods' applications write one account, as if they were one.
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic);
        await using var producing = new Paced(records, inbox.Ledger, Rate);
        await using var first = await RunningAgent.StartAsync(kafka, topic, inbox);
        await HoldsAsync(first, 6);
        await SomeMoreAsync(inbox);
        await using var second = await RunningAgent.StartAsync(kafka, topic, inbox);
        await HoldsAsync(second, 3);
        await SomeMoreAsync(inbox);
        await using var third = await RunningAgent.StartAsync(kafka, topic, inbox);
        await HoldsAsync(third, 2);
        await SomeMoreAsync(inbox);
        Assert.That(await first.StopAsync(), Is.Zero);
        await SomeMoreAsync(inbox);
        Assert.That(await second.StopAsync(), Is.Zero);
        await HoldsAsync(third, 6);
        await SomeMoreAsync(inbox);
        await producing.StopAsync();
        await inbox.HasAsync(records.Produced, Patience);
        Assert.That(await third.StopAsync(), Is.Zero);

        var table = inbox.Ledger.Table();
        await TestContext.Out.WriteLineAsync($"1 -> 2 -> 3 -> 1 agents\n{table}");
        Assert.That(table.IsRight, Is.True, table.ToString());
    }

    [Test]
    public async Task A_killed_agents_partitions_are_taken_over()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("takeover");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic);
        await using var producing = new Paced(records, inbox.Ledger, Rate);
        var setup = new AgentSetup(kafka.BootstrapServers, topic, inbox.Address)
        {
            Flags = ["--session-timeout", "6s"],
        };
        await using var survivor = await RunningAgent.StartAsync(setup);
        await using var victim = await RunningAgent.StartAsync(setup);
        await HoldsAsync(victim, 3);
        // While a member waits for the others to join, Kafka answers none of its commits: the rebalance is to be over.
        await HoldsAsync(survivor, 3);
        await SomeMoreAsync(inbox);
        var commits = await victim.MetricAsync("sidecar_offset_commits_total", "result=\"ok\"");
        await victim.Process.KillAsync();
        // The survivor goes on meanwhile, so its own uncommitted events are among these.
        var bound = Uncommitted.Count(kafka, topic, Partitions, inbox) + Concurrency;
        await HoldsAsync(survivor, 6);
        await SomeMoreAsync(inbox);
        await producing.StopAsync();
        await inbox.HasAsync(records.Produced, Patience);
        Assert.That(await survivor.StopAsync(), Is.Zero);

        var table = inbox.Ledger.Table();
        await TestContext.Out.WriteLineAsync(
            $"one of two agents killed after {commits} commits of its own; "
            + $"at most {bound:N0} may be repeated\n{table}");
        Assert.That(table.IsAtLeastOnce, Is.True, table.ToString());
        Assert.That(table.Duplicates, Is.LessThanOrEqualTo(bound));
    }

    /// <summary>
    /// As in every rolling update: a pod goes while another joins. Kafka answers no commit of a member that waits for the others
    /// to join, and refuses it afterwards; what had been done in those seconds came again.
    /// </summary>
    [Test]
    public async Task An_agent_that_stops_while_the_group_waits_for_others_to_join_repeats_nothing()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var (topic, other) = (SharedKafka.NewTopic("leaving"), SharedKafka.NewTopic("nothing-here"));
        await kafka.CreateTopicAsync(topic, Partitions);
        await kafka.CreateTopicAsync(other, 1);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic);
        await using var producing = new Paced(records, inbox.Ledger, Rate);
        var setup = new AgentSetup(kafka.BootstrapServers, topic, inbox.Address) { Flags = ["--session-timeout", "6s"] };
        await using var leaving = await RunningAgent.StartAsync(setup);
        await using var absent = await RunningAgent.StartAsync(setup with { Group = setup.Group, Topic = other });
        await HoldsAsync(absent, 1);
        await HoldsAsync(leaving, Partitions);
        await SomeMoreAsync(inbox);

        // It answers no heartbeat, so the group waits for it until its session is over, and everybody else waits with it.
        absent.Process.Send(Signal.Stop);
        await using var joining = await RunningAgent.StartAsync(setup);
        await Until.TrueAsync(
            async () => (TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0)
                - await leaving.MetricAsync("sidecar_last_commit_timestamp_seconds") > 1,
            Patience, "no commit has been answered for a second");
        Assert.That(await leaving.StopAsync(), Is.Zero);
        absent.Process.Send(Signal.Continue);
        await HoldsAsync(joining, Partitions);
        await producing.StopAsync();
        await inbox.HasAsync(records.Produced, Patience);
        Assert.That(await joining.StopAsync(), Is.Zero);

        var table = inbox.Ledger.Table();
        await TestContext.Out.WriteLineAsync($"{table}");
        Assert.That(table.IsRight, Is.True, table.ToString());
    }

    private static Task HoldsAsync(RunningAgent agent, int partitions) =>
        agent.MetricIsAsync(partitions, "sidecar_assigned_partitions");

    private static Task SomeMoreAsync(Inbox inbox) => inbox.HasAsync(inbox.Different + Some, Patience);
}
