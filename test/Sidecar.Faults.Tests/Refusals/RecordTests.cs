using Confluent.Kafka.Admin;
using Sidecar.Faults.Tests.Rig;

namespace Sidecar.Faults.Tests.Refusals;

/// <summary>Records that Kafka does not take: they hold back their own key, and nothing else.</summary>
[TestFixtureSource(typeof(Way), nameof(Way.Usual))]
internal sealed class RecordTests(Way way)
{
    private const int TopicLimit = 20_000;

    [Test]
    public async Task A_record_that_the_broker_finds_too_large_holds_its_key_until_it_is_retried()
    {
        await using var scenario = await Scenario.BeginAsync("record larger than the topic allows", way, makeTopic: false);
        await scenario.Kafka.CreateTopicAsync(
            scenario.Topic, Scenario.Partitions, ("max.message.bytes", $"{TopicLimit}"));
        scenario.StartRelay();
        var (refused, others) = (scenario.KeyNames[0], scenario.KeyNames.Skip(1).ToList());
        await using var session = await scenario.SessionAsync();
        await session.PublishManyAsync(scenario.KeyNames, 400);
        await scenario.FlowsAsync();
        await session.ExecuteAsync("BEGIN");
        await session.PublishAsync(refused, 2 * TopicLimit);
        await session.PublishManyAsync(scenario.KeyNames, 400);
        await session.ExecuteAsync("COMMIT");

        await FlowsAsync(scenario, others);
        await session.PublishManyAsync(scenario.KeyNames, 400);
        await FlowsAsync(scenario, others);
        Assert.That(scenario.Reader.Highest(refused), Is.EqualTo(10), "nothing of the key goes past the refused record");
        await scenario.StatusSaysAsync(refused);
        Assert.That(await scenario.CommandAsync("parked", "list"), Does.Contain(refused));

        using var admin = scenario.Kafka.Admin();
        await admin.IncrementalAlterConfigsAsync(new Dictionary<ConfigResource, List<ConfigEntry>>
        {
            [new ConfigResource { Type = ResourceType.Topic, Name = scenario.Topic }] =
            [
                new ConfigEntry
                {
                    Name = "max.message.bytes", Value = "1048588", IncrementalOperation = AlterConfigOpType.Set,
                },
            ],
        });
        await scenario.CommandAsync("parked", "retry", "--all");
        await scenario.RecoversAsync();
        // The search for the refused record sends again what was in its batch and stands before it.
        await scenario.EndAsync(duplicatesAtMost: Scenario.CrashRows);
    }

    private static async Task FlowsAsync(Scenario scenario, List<string> keys)
    {
        var all = await scenario.Database.VersionsAsync();
        var versions = keys.ToDictionary(key => key, key => all[key]);
        Assert.That(await scenario.Reader.ReachesAsync(versions, RunOptions.Bound), "other keys go on");
    }
}
