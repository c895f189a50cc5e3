using Confluent.Kafka.Admin;
using Sidecar.Faults.Tests.Rig;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Faults.Tests.Refusals;

/// <summary>Topics that are not there, or may not be written: their events wait, those of others go on.</summary>
[TestFixtureSource(typeof(Way), nameof(Way.Usual))]
internal sealed class TopicTests(Way way)
{
    [Test]
    public async Task Events_of_a_topic_that_does_not_exist_wait_for_it_and_say_so()
    {
        await using var scenario = await Scenario.BeginAsync("topic missing, then created", way, makeTopic: false);
        var relay = scenario.StartRelay();
        await scenario.WriteAsync(100);
        await relay.WaitsForAsync("topic", scenario.Topic);
        await scenario.StatusSaysAsync(scenario.Topic);

        await using var other = await OtherTopicAsync(scenario);
        await other.FlowsAsync();

        await scenario.Kafka.CreateTopicAsync(scenario.Topic, Scenario.Partitions);
        await scenario.RecoversAsync();
        await relay.IsReadyAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task Events_of_a_topic_that_may_not_be_written_wait_for_the_permission_and_say_so()
    {
        await using var kafka = await Servers.GuardedKafkaAsync();
        await using var scenario = await Scenario.BeginAsync("not authorized, then authorized", way, kafka: kafka);
        using var admin = kafka.Admin();
        await admin.CreateAclsAsync([Acl(scenario.Topic, AclOperation.All, AclPermissionType.Allow)]);
        var relay = scenario.StartRelay();
        await scenario.WriteAsync(50);
        await scenario.FlowsAsync();

        await admin.CreateAclsAsync([Acl(scenario.Topic, AclOperation.Write, AclPermissionType.Deny)]);
        await using (var session = await scenario.SessionAsync())
            await session.PublishManyAsync(scenario.KeyNames, 500);
        await relay.WaitsForAsync("topic", scenario.Topic);
        await using (var other = await OtherTopicAsync(scenario)) await other.FlowsAsync();
        await admin.DeleteAclsAsync([Acl(scenario.Topic, AclOperation.Write, AclPermissionType.Deny).ToFilter()]);

        await scenario.RecoversAsync();
        await relay.IsReadyAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    private static async Task<OtherTopic> OtherTopicAsync(Scenario scenario)
    {
        var topic = SharedKafka.NewTopic("other");
        await scenario.Kafka.CreateTopicAsync(topic, 1);
        await using var session = await Session.OpenAsync(scenario.Database.WriterAddress, topic);
        await session.ExecuteAsync($"SELECT outbox.publish('{topic}', 'other', convert_to('1 ', 'UTF8'))");
        return new OtherTopic(new Reader(scenario.Kafka, topic, 1));
    }

    private static AclBinding Acl(string topic, AclOperation operation, AclPermissionType permission) => new()
    {
        Pattern = new ResourcePattern
        {
            Type = ResourceType.Topic, Name = topic, ResourcePatternType = ResourcePatternType.Literal,
        },
        Entry = new AccessControlEntry
        {
            Principal = "User:ANONYMOUS", Host = "*", Operation = operation, PermissionType = permission,
        },
    };

    /// <summary>One event on a topic that is in order.</summary>
    private sealed class OtherTopic(Reader reader) : IAsyncDisposable
    {
        public async Task FlowsAsync() => Assert.That(
            await reader.ReachesAsync(new Dictionary<string, long> { ["other"] = 1 }, RunOptions.Bound),
            "events of another topic go on");

        public ValueTask DisposeAsync() => reader.DisposeAsync();
    }
}
