using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>The application's health: before the group is joined, while the agent runs, and while it stops.</summary>
internal sealed class HealthTests
{
    private const int Partitions = 4;
    private const int Events = 300;
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task The_group_is_joined_when_the_application_is_well_and_not_before()
    {
        var (kafka, topic) = await TopicAsync("join");
        await using var inbox = new Inbox(MisbehavingApp.FreeAddress()) { Health = new HealthDesk(HealthDesk.NotServing) };
        using var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; attempts=1");

        await agent.Process.WaitForLineAsync($"nothing answers at {inbox.Address}", Patience);
        Assert.That(await agent.ReadyAsync(), Does.Contain("app:test: nothing answers").And.Contain("join:test: it joins the group when"));
        await inbox.ComeAsync();
        await agent.Process.WaitForLineAsync("says that it is NOT_SERVING", Patience);
        Assert.That(await agent.MetricAsync("sidecar_assigned_partitions"), Is.Zero);
        Assert.That(await agent.MetricAsync("sidecar_group_joined"), Is.Zero);
        inbox.Health.Say(HealthDesk.Serving);
        await inbox.HasAsync(Events, Patience);
        await agent.MetricIsAsync(1, "sidecar_app_healthy");
        Assert.That(await agent.ReadyAsync(), Does.Not.Contain("app:").And.Not.Contain("join:"));
        await AllWereFirstAttemptsAsync(agent, inbox);
    }

    [Test]
    public async Task While_it_says_that_it_is_not_serving_it_gets_nothing_and_spends_nothing()
    {
        var (kafka, topic) = await TopicAsync("not-serving");
        await using var inbox = new Inbox(MisbehavingApp.FreeAddress()) { Health = new HealthDesk(HealthDesk.Serving) };
        await inbox.ComeAsync();
        using var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; attempts=1");
        await inbox.HasAsync(Events, Patience);

        inbox.Health.Say(HealthDesk.NotServing);
        await agent.MetricIsAsync(0, "sidecar_app_healthy");
        await agent.MetricIsAsync(0, "sidecar_app_up");
        Assert.That(await agent.ReadyAsync(), Does.Contain("app:test: it says that it is NOT_SERVING"));
        records.Add(Events, inbox.Ledger);
        await agent.MetricIsAsync(Events, "sidecar_buffered_records");
        await agent.MetricIsAsync(Partitions, "sidecar_partition_standing", "reason=\"app_unhealthy\"");
        Assert.That(inbox.Seen, Has.Count.EqualTo(Events), "nothing was sent");
        inbox.Health.Say(HealthDesk.Serving);
        await inbox.HasAsync(2 * Events, Patience);
        await agent.MetricIsAsync(0, "sidecar_partition_standing", "reason=\"app_unhealthy\"");
        await AllWereFirstAttemptsAsync(agent, inbox);
    }

    [Test]
    public async Task An_application_that_stays_unhealthy_leaves_its_partitions_to_a_sibling_and_takes_them_again()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("leave-after");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var sick = new Inbox(MisbehavingApp.FreeAddress()) { Health = new HealthDesk(HealthDesk.Serving) };
        await using var well = await Inbox.StartAsync();
        await sick.ComeAsync();
        using var records = new Records(kafka, topic);
        await using var first = await RunningAgent.StartAsync(Setup(kafka, topic, sick));
        await using var second = await RunningAgent.StartAsync(Setup(kafka, topic, well));
        await first.MetricIsAsync(2, "sidecar_assigned_partitions");
        await second.MetricIsAsync(2, "sidecar_assigned_partitions");

        sick.Health.Say(HealthDesk.NotServing);
        await first.MetricIsAsync(0, "sidecar_app_healthy");
        records.Add(Events, well.Ledger);
        await second.MetricIsAsync(Partitions, "sidecar_assigned_partitions");
        await well.HasAsync(Events, Patience);
        Assert.That(await first.ReadyAsync(), Does.Contain("join:test: its partitions were left to other pods (leave-after)"));
        Assert.That(sick.Seen, Is.Empty);
        sick.Health.Say(HealthDesk.Serving);
        await first.MetricIsAsync(2, "sidecar_assigned_partitions");
        Assert.That(await first.StopAsync() + await second.StopAsync(), Is.Zero);
        Assert.That(well.Ledger.Table().IsRight, Is.True, well.Ledger.Table().ToString());
    }

    [Test]
    public async Task An_application_that_stops_in_good_order_finishes_what_it_has_and_gets_nothing_new()
    {
        var (kafka, topic) = await TopicAsync("good-order");
        await using var inbox = new Inbox(MisbehavingApp.FreeAddress()) { Health = new HealthDesk(HealthDesk.Serving) };
        await inbox.ComeAsync();
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        inbox.BeforeAnswer = _ => answer.Task;
        using var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        await using (var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; concurrency=4; attempts=1"))
        {
            await Until.TrueAsync(() => inbox.Seen.Count == 4, Patience, "every slot is in flight");
            inbox.Health.Say(HealthDesk.NotServing);
            await agent.MetricIsAsync(0, "sidecar_app_healthy");
            agent.Process.Send(Signal.Terminate);
            await agent.Process.WaitForLineAsync("Draining", Patience);
            answer.SetResult();
            Assert.That(await agent.Process.WaitForExitAsync(Patience), Is.Zero, agent.Process.Output);
        }

        Assert.That((inbox.Seen.Count, inbox.Count), Is.EqualTo((4, 4)));
        inbox.Health.Say(HealthDesk.Serving);
        await using var next = await RunningAgent.StartAsync(kafka, topic, inbox);
        await inbox.HasAsync(Events, Patience);
        await AllWereFirstAttemptsAsync(next, inbox);
    }

    [Test]
    public async Task An_agent_that_never_joined_stops_at_once()
    {
        var (kafka, topic) = await TopicAsync("never-joined");
        await using var inbox = new Inbox(MisbehavingApp.FreeAddress());
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox);
        await agent.Process.WaitForLineAsync("nothing answers at", Patience);
        Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
    }

    private static async Task<(KafkaServer Kafka, string Topic)> TopicAsync(string name)
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic(name);
        await kafka.CreateTopicAsync(topic, Partitions);
        return (kafka, topic);
    }

    private static AgentSetup Setup(KafkaServer kafka, string topic, Inbox inbox) =>
        new(kafka.BootstrapServers, topic, inbox.Address) { Flags = ["--leave-after", "1s"] };

    private static async Task AllWereFirstAttemptsAsync(RunningAgent agent, Inbox inbox)
    {
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.Multiple(() =>
        {
            Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
            Assert.That(inbox.Seen.Select(seen => seen.Attempt), Is.All.EqualTo(1));
        });
    }
}
