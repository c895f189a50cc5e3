using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Sidecar.Faults.Tests.Rig;

namespace Sidecar.Faults.Tests.Brokers;

/// <summary>Brokers of a cluster of three that die, stand still, and hand over, while events are written.</summary>
[TestFixtureSource(typeof(Way), nameof(Way.Usual))]
internal sealed class BrokerTests(Way way)
{
    [Test]
    public async Task A_broker_of_three_that_is_killed_costs_nothing()
    {
        var kills = RunOptions.Of(1, 3);
        await using var scenario = await Scenario.BeginAsync("broker of three killed", way);
        scenario.Writer.Start();
        scenario.StartRelay();
        for (var kill = 1; kill <= kills; kill++)
        {
            await scenario.FlowsAsync();
            await scenario.Writer.WroteAsync(50);
            await scenario.Kafka.KillBrokerAsync(kill);
            await scenario.RecoversAsync();
            await scenario.Kafka.StartBrokerAsync(kill);
        }

        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task A_broker_of_three_that_stands_still_costs_nothing()
    {
        await using var scenario = await Scenario.BeginAsync("broker of three paused", way);
        scenario.Writer.Start();
        scenario.StartRelay();
        await scenario.FlowsAsync();
        await scenario.Writer.WroteAsync(50);

        scenario.Kafka.PauseBroker(2);
        try
        {
            // It is found to be away, and others lead.
            await scenario.RecoversAsync();
        }
        finally
        {
            scenario.Kafka.ResumeBroker(2);
        }

        await scenario.Writer.WroteAsync(50);
        await scenario.FlowsAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task A_leader_that_moves_costs_nothing()
    {
        await using var scenario = await Scenario.BeginAsync("leader moved and moved back", way);
        scenario.Writer.Start();
        scenario.StartRelay();
        await scenario.FlowsAsync();
        using var admin = scenario.Kafka.Admin();
        var partitions = Enumerable.Range(0, Scenario.Partitions)
            .Select(number => new TopicPartition(scenario.Topic, number)).ToList();
        var before = Leaders(admin, scenario.Topic);

        // It hands over its partitions before it ends, and the first replica of each gets it back.
        await scenario.Kafka.StopBrokerAsync(3);
        await scenario.RecoversAsync();
        Assert.That(Leaders(admin, scenario.Topic), Is.Not.EqualTo(before));
        await scenario.Kafka.StartBrokerAsync(3);
        await TestKit.Until.TrueAsync(
            () => InSync(admin, scenario.Topic) == 3 * Scenario.Partitions, RunOptions.Bound, "all replicas are in sync");
        await ElectAsync(admin, partitions);
        await scenario.Writer.WroteAsync(50);
        await scenario.RecoversAsync();

        Assert.That(Leaders(admin, scenario.Topic), Is.EqualTo(before));
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task A_cluster_that_is_gone_is_waited_for_and_said()
    {
        await using var scenario = await Scenario.BeginAsync("all three brokers killed", way);
        scenario.Writer.Start();
        var relay = scenario.StartRelay();

        // First before it has asked for the topic: it asks while partitions have neither a leader nor a replica in sync.
        await GoneAsync(scenario, relay);
        for (var again = RunOptions.Of(0, 2); again > 0; again--)
        {
            await scenario.Writer.WroteAsync(50);
            await scenario.FlowsAsync();
            await GoneAsync(scenario, relay);
        }

        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: Scenario.CrashRows);
    }

    private static async Task GoneAsync(Scenario scenario, RelayUnderTest relay)
    {
        int[] brokers = [1, 2, 3];
        foreach (var broker in brokers) await scenario.Kafka.KillBrokerAsync(broker);

        await relay.WaitsForAsync("kafka");
        await scenario.Writer.WroteAsync(50);
        await scenario.Kafka.StartBrokersAsync(brokers);
    }

    private static List<int> Leaders(IAdminClient admin, string topic) =>
        [.. Described(admin, topic).Select(partition => partition.Leader)];

    private static int InSync(IAdminClient admin, string topic) =>
        Described(admin, topic).Sum(partition => partition.InSyncReplicas.Length);

    private static List<PartitionMetadata> Described(IAdminClient admin, string topic) =>
        admin.GetMetadata(topic, RunOptions.Bound).Topics[0].Partitions;

    private static async Task ElectAsync(IAdminClient admin, List<TopicPartition> partitions)
    {
        try
        {
            await admin.ElectLeadersAsync(ElectionType.Preferred, partitions);
        }
        catch (ElectLeadersException e)
        {
            // Some had their first replica as the leader already.
            Assert.That(
                e.Results.TopicPartitions.Select(partition => partition.Error.Code),
                Is.All.AnyOf(ErrorCode.NoError, ErrorCode.ElectionNotNeeded));
        }
    }
}
