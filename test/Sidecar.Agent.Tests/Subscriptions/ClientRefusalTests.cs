using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Tests.Subscriptions;

/// <summary>Who is named when the Kafka client cannot be made.</summary>
public sealed class ClientRefusalTests
{
    private static readonly ConfigurationLine[] Lines =
    [
        new("group", "shop.orders", Origin.Default),
        new("kafka.fetch.max.bytes", "9", new Origin(Precedence.File, "kafka.fetch.max.bytes", null, "agent.yaml:2:3")),
        new("kafka.message.max.bytes", "9", new Origin(Precedence.Annotation, "sidecar.events/kafka.message.max.bytes", null, "a:3")),
        new("kafka.receive.message.max.bytes", "9", new Origin(Precedence.Annotation, "sidecar.events/x", null, "a:4")),
    ];

    [Test]
    public void Only_the_properties_that_the_client_names_are_named_with_their_places()
    {
        Assert.That(ClientRefusal.OfNamed("`receive.message.max.bytes` must be >= `fetch.max.bytes` + 512", Lines), Is.EqualTo(
            "kafka: `receive.message.max.bytes` must be >= `fetch.max.bytes` + 512. "
            + "Mend or remove kafka.fetch.max.bytes (agent.yaml:2:3), sidecar.events/x (a:4)"));
        Assert.That(ClientRefusal.OfNamed("Set message.max.bytes.", Lines), Is.EqualTo(
            "kafka: Set message.max.bytes. Mend or remove sidecar.events/kafka.message.max.bytes (a:3)"));
    }

    [Test]
    public void Where_it_names_none_all_that_somebody_set_are()
    {
        Assert.That(ClientRefusal.OfNamed("no memory", Lines), Is.Null);
        Assert.That(ClientRefusal.OfAny("no memory", Lines), Does.StartWith("kafka: no memory. Mend or remove kafka.fetch.max.bytes (")
            .And.EndsWith(", sidecar.events/x (a:4)"));
        Assert.That(ClientRefusal.OfAny("no memory", Lines[..1]), Is.EqualTo("kafka: no memory"));
    }
}
