namespace Sidecar.Agent.Tests.Subscriptions;

public sealed class DeadLetterSettingsTests
{
    [TestCase("dlq", "a topic", "not a name for a topic", "Use up to 249 letters, digits, dots, dashes and underscores")]
    [TestCase("dlq-limit", "0", "not a limit of dead letters", "Write a number for each minute")]
    [TestCase("dlq-limit", "100%", "not a limit of dead letters", "Write a number for each minute")]
    [TestCase("dlq-limit", "5,6", "not a limit of dead letters", "Write a number for each minute")]
    [TestCase("dlq", "dead", "nothing goes to the dead-letter topic", "Set on-exhausted to dead-letter, or remove dlq")]
    public void A_wrong_value_is_named_with_its_fix(string field, string value, string problem, string fix)
    {
        using var given = Given.ASubscription().Annotation($"sidecar.events/subscription.orders.{field}", value);

        Assert.That(given.OneError(), Does.StartWith($"sidecar.events/subscription.orders.{field}")
            .And.Contain(problem).And.Contain(fix));
    }

    [Test]
    public void Park_in_the_order_of_partitions_is_an_error()
    {
        using var given = Given.ASubscription("orders.v1; ordering=partition; on-exhausted=park");

        Assert.That(given.OneError(), Does.Contain("park holds up one key").And.Contain("Use stop"));
    }

    [Test]
    public void A_dead_letter_topic_that_is_read_again_is_an_error()
    {
        using var given = Given.ASubscription("orders.v1; on-exhausted=dead-letter")
            .Annotation("sidecar.events/subscription.dead", "shop.orders.orders.dlq");

        Assert.That(given.OneError(), Does.Contain("the subscription dead reads the dead-letter topic of orders"));
    }

    [Test]
    public void The_dead_letter_topic_has_a_name_that_is_shown()
    {
        using var given = Given.ASubscription("orders.v1; on-exhausted=dead-letter");

        var line = given.Resolved().Lines.Single(line => line.Setting == "subscription.orders.dlq");

        Assert.That(line.Value, Is.EqualTo("shop.orders.orders.dlq"));
        Assert.That(line.Origin.ToString(), Does.Contain("group.subscription.dlq"));
    }
}
