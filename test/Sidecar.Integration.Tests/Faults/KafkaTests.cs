using Sidecar.TestKit;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>Kafka, or the topic, is not there: the agent stays up, says so, and goes on when it comes.</summary>
internal sealed class KafkaTests
{
    private const int Partitions = 4;
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task A_wrong_address_is_named_and_the_agent_stays_up()
    {
        var nobody = $"127.0.0.1:{Ports.Free()}";
        await using var inbox = await Inbox.StartAsync();
        await using var agent = await RunningAgent.StartAsync(new AgentSetup(nobody, "nothing", inbox.Address));

        await agent.MetricIsAsync(1, "sidecar_waiting", "for=\"kafka\"");
        Assert.That(await agent.ReadyAsync(), Does.Contain("kafka: no broker answers at").And.Contain(nobody));
        Assert.That(agent.Says("no broker answers at"), Is.EqualTo(1), agent.Process.Output);
        Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
    }

    [Test]
    public async Task A_missing_topic_is_waited_for_until_it_is_created()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("late");
        await using var inbox = await Inbox.StartAsync();
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox);
        var name = $"for=\"topic:{topic}\"";
        await agent.MetricIsAsync(1, "sidecar_waiting", name);
        Assert.That(await agent.ReadyAsync(), Does.Contain($"topic:{topic}: the topic does not exist"));

        await kafka.CreateTopicAsync(topic, Partitions);
        using var records = new Records(kafka, topic);
        records.Add(500, inbox.Ledger);
        await inbox.HasAsync(500, Patience);
        await agent.MetricIsAsync(0, "sidecar_waiting", name);
        Assert.That(agent.Says("No longer waiting for"), Is.Positive, agent.Process.Output);
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    [Test]
    public async Task A_broker_that_stops_and_comes_back_loses_nothing()
    {
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is not { Length: > 0 } home)
        {
            Assert.Ignore("a broker that can be stopped and started needs KAFKA_HOME");
            return;
        }

        await using var kafka = await LocalKafka.StartAsync(home, new LocalKafkaOptions());
        var topic = SharedKafka.NewTopic("outage");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic);
        var producing = new Paced(records, inbox.Ledger, eventsPerSecond: 1_000);
        await using (producing)
        {
            await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox);
            await inbox.HasAsync(2_000, Patience);
            await kafka.StopBrokerAsync(1);
            await agent.MetricIsAsync(1, "sidecar_waiting", "for=\"kafka\"");
            await kafka.StartBrokerAsync(1);
            await inbox.HasAsync(inbox.Different + 2_000, Patience);
            await producing.StopAsync();
            await inbox.HasAsync(records.Produced, Patience);
            await agent.MetricIsAsync(0, "sidecar_waiting", "for=\"kafka\"");
            Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
        }

        var table = inbox.Ledger.Table();
        await TestContext.Out.WriteLineAsync($"broker stopped and started\n{table}");
        Assert.That(table.IsAtLeastOnce, Is.True, table.ToString());
    }

    [Test]
    public async Task A_broker_that_goes_while_a_topic_is_missing_does_not_end_the_agent()
    {
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is not { Length: > 0 } home)
        {
            Assert.Ignore("a broker that can be stopped and started needs KAFKA_HOME");
            return;
        }

        await using var kafka = await LocalKafka.StartAsync(home, new LocalKafkaOptions());
        var topic = SharedKafka.NewTopic("gone");
        await using var inbox = await Inbox.StartAsync();
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox);
        await agent.MetricIsAsync(1, "sidecar_waiting", $"for=\"topic:{topic}\"");
        await kafka.StopBrokerAsync(1);
        await agent.MetricIsAsync(1, "sidecar_waiting", "for=\"kafka\"");

        // Several looks for the topic are made in vain before the broker is back; each once ended the agent.
        var turned = await agent.TurnedAtAsync();
        await Until.TrueAsync(async () => await agent.TurnedAtAsync() > turned + 12, Patience, "the loop turns on");
        await kafka.StartBrokerAsync(1);
        await kafka.CreateTopicAsync(topic, Partitions);
        using var records = new Records(kafka, topic);
        records.Add(100, inbox.Ledger);
        await inbox.HasAsync(100, Patience);
        Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
    }
}
