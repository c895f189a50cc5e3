using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Source;
using Sidecar.Agent.Subscriptions;
using Sidecar.Agent.Tests.Source;

namespace Sidecar.Agent.Tests;

/// <summary>Subscriptions that come while the agent runs.</summary>
public sealed class LinesTests
{
    [Test]
    public async Task A_subscription_for_which_no_Kafka_client_can_be_made_says_where_that_is_to_be_mended()
    {
        var kafka = new KafkaConnection(new SourceOptions { BootstrapServers = "localhost:1", Group = "g" }, OnMockKafka.Keyring);
        var letters = new Lazy<DeadLetterProducer>(() => throw new InvalidOperationException("`message.max.bytes` is too large."));
        var resolved = new ResolvedConfiguration(
            new AgentOptions(),
            [new("kafka.message.max.bytes", "9", new Origin(Precedence.File, "kafka.message.max.bytes", null, "agent.yaml:2:3"))]);
        await using var lines = new Lines(
            new LineParts(kafka, new BufferBudget(long.MaxValue), letters, new DeliveryIds(), OnMockKafka.Telemetry()),
            [], said => ClientRefusal.Explain(said, resolved));
        var wanted = new SubscriptionOptions { Name = "s", Topics = ["t"] };
        wanted.Delivery.OnExhausted = OnExhausted.DeadLetter;

        Assert.That(await lines.SteerAsync([wanted]), Is.EqualTo(
            "subscription.s: kafka: `message.max.bytes` is too large. Mend or remove kafka.message.max.bytes (agent.yaml:2:3). "
            + "Then start the pod anew"));
    }
}
