using Confluent.Kafka.Admin;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>Where a group begins in a topic that it has never read.</summary>
internal sealed class StartTests
{
    // The agent learns of new partitions by its metadata, which it refreshes at this pace.
    private const string QuickMetadata = "sidecar.events/kafka.topic.metadata.refresh.interval.ms";

    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task From_the_latest_means_new_events_only_and_a_partition_that_is_added_later_from_its_beginning()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("latest");
        await kafka.CreateTopicAsync(topic, 2);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic);
        records.Add(200, new Ledger());
        var setup = new AgentSetup(kafka.BootstrapServers, topic, inbox.Address)
        {
            Subscription = "; start=latest",
            MoreAnnotations = $"{QuickMetadata}=\"1000\"",
        };
        await using (var agent = await RunningAgent.StartAsync(setup))
        {
            await agent.MetricIsAsync(2, "sidecar_assigned_partitions");
            records.Add(200, inbox.Ledger);
            await inbox.HasAsync(200, Patience);
            Assert.That(await agent.StopAsync(), Is.Zero);
        }

        // While no agent looks: the third partition has records before anyone has read it.
        using var admin = kafka.Admin();
        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = topic, IncreaseTo = 3 }]);
        await Until.TrueAsync(
            () => admin.GetMetadata(topic, Patience).Topics[0].Partitions.Count(p => p.Leader >= 0) == 3,
            Patience,
            "the new partition has a leader");
        inbox.Ledger.Expect("added", 1);
        inbox.Ledger.Expect("added", 2);
        using var more = new Records(kafka, topic);
        more.Put("added"u8.ToArray(), "1"u8.ToArray(), partition: 2);
        more.Put("added"u8.ToArray(), "2"u8.ToArray(), partition: 2);
        more.Flush();
        await using var next = await RunningAgent.StartAsync(setup);
        await inbox.HasAsync(202, Patience);
        Assert.That(await next.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }
}
