namespace Sidecar.Agent.Tests.Subscriptions;

/// <summary>Reading the file of the Downward API and the spellings in it.</summary>
public sealed class AnnotationTests
{
    [Test]
    public void Annotations_of_other_tools_are_ignored_however_long()
    {
        using var given = Given.ASubscription()
            .Annotation("kubectl.kubernetes.io/last-applied-configuration", new string('"', 300 * 1024))
            .Annotation("example.com/sidecar.events/subscription.other", "x; y; z")
            .AnnotationLine("example.com/broken=\"half")
            .AnnotationLine("nothing at all")
            .AnnotationLine("");

        Assert.That(given.Resolved().Options.Subscriptions, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_line_of_more_than_a_megabyte_is_read()
    {
        var topics = string.Join(",", Enumerable.Range(0, 99).Select(i => $"topic-{i}"));
        using var given = Given.AService()
            .Annotation("a.example.com/long", new string('\u0001', 500 * 1024))
            .Annotation("sidecar.events/subscription.orders", topics + new string(' ', 1100 * 1024));

        Assert.That(given.Resolved().Options.Subscriptions[0].Topics, Has.Count.EqualTo(99));
    }

    [Test]
    public void The_relay_s_annotations_are_left_to_the_relay()
    {
        using var given = Given.ASubscription()
            .Annotation("sidecar.events/outbox.main", "whatever").Annotation("sidecar.events/outbox.main.table", "x")
            .Annotation("sidecar.events/outbox", "y");

        Assert.That(given.Load().Errors, Is.Empty);
    }

    [TestCase("sidecar.events/subscription.orders", "there is no equals sign")]
    [TestCase("sidecar.eve", "there is no equals sign")]
    [TestCase("sidecar.events/subscription.orders=", "does not start with a quote")]
    [TestCase("sidecar.events/subscription.orders=\"orders.v1", "the closing quote is missing: the line is not whole")]
    [TestCase("sidecar.events/subscription.orders=\"orders.v1\\", "an escape")]
    [TestCase("sidecar.events/subscription.orders=\"orders.v1\" #", "behind the closing quote")]
    [TestCase("sidecar.events/subscription.orders=orders.v1", "does not start with a quote")]
    public void A_garbled_line_of_ours_is_an_error_with_its_place(string line, string problem)
    {
        using var given = Given.AService().AnnotationLine("a/b=\"\"").AnnotationLine(line);

        var error = given.OneError();

        Assert.That(error, Does.StartWith(line.Split('=')[0] + ": "));
        Assert.That(error, Does.Contain(problem));
        Assert.That(error, Does.Contain("key=\"value\" as the Downward API writes"));
        Assert.That(error, Does.EndWith($"({given.AnnotationsPath}:2)"));
    }

    [Test]
    public void One_annotation_twice_is_an_error_that_shows_no_value()
    {
        using var given = Given.ASubscription().Annotation("sidecar.events/kafka.client.rack", "one")
            .Annotation("sidecar.events/kafka.client.rack", "two");

        Assert.That(given.OneError(), Is.EqualTo(
            "sidecar.events/kafka.client.rack: the annotation stands there twice. Remove one. "
            + $"({given.AnnotationsPath}:3)"));
    }

    [TestCase("orders.v1")]
    [TestCase(" orders.v1 ; ")]
    [TestCase("topics=orders.v1")]
    [TestCase("topics = \"orders.v1\"")]
    [TestCase("topics: orders.v1")]
    [TestCase("topics: orders.v1\n")]
    [TestCase("orders.v1\n")]
    [TestCase("{topics: orders.v1}")]
    [TestCase("{\"topics\": [\"orders.v1\"]}")]
    [TestCase("{\n\t\"topics\": [\n\t\t\"orders.v1\"\n\t]\n}\n")]
    [TestCase("  topics:\n  - orders.v1\n  attempts: 8\n")]
    [TestCase("# a comment\ntopics: [ orders.v1 ]\n")]
    public void The_three_spellings_mean_the_same(string value)
    {
        using var given = Given.ASubscription(value);

        Assert.That(given.Resolved().Options.Subscriptions[0].Topics, Is.EqualTo(new[] { "orders.v1" }));
    }

    [Test]
    public void A_quoted_value_may_hold_semicolons_quotes_and_backslashes()
    {
        using var given = Given.ASubscription("""orders.v1; app-address="unix:/a;b\"c\\d"; attempts=3""");

        var delivery = given.Resolved().Options.Subscriptions[0].Delivery;

        Assert.That(delivery.AppAddress, Is.EqualTo("""unix:/a;b"c\d"""));
        Assert.That(delivery.Attempts, Is.EqualTo(3));
    }

    [TestCase("orders.v1; attempts=1; attempts=2", "attempts in", "the key stands there twice", "Remove one")]
    [TestCase("orders.v1; topics=pay.v1", "topics in", "the key stands there twice", "Remove one")]
    [TestCase("orders.v1; pay.v1", "", "\"pay.v1\" is not key=value", "Topics come first")]
    [TestCase("orders.v1;; attempts=3", "", "nothing between two semicolons", "Remove one")]
    [TestCase("; attempts=3", "attempts in", "has no topics", "Write sidecar.events/subscription.orders: <topic>")]
    [TestCase("orders.v1; app-address=\"unix:/a", "app-address in", "the quotes do not match", "Quote the whole")]
    [TestCase("orders.v1; app-address=\"unix:/a\"b", "app-address in", "the quotes do not match", "Quote the whole")]
    [TestCase("orders.v1; app-address=\"unix:\\a\"", "app-address in", "the quotes do not match", "Quote the whole")]
    [TestCase("orders.v1; attempts=", "attempts in", "the value is empty", "Write a value")]
    [TestCase("", "", "the value is empty", "Write at least the topic")]
    [TestCase("orders.v1,", "topics in", "a topic's name is empty", "separated by commas")]
    public void A_compact_value_that_is_wrong_says_where(string value, string field, string problem, string fix)
    {
        using var given = Given.ASubscription(value);

        var error = given.OneError();

        Assert.That(error, Does.StartWith($"{field} sidecar.events/subscription.orders".TrimStart()));
        Assert.That(error, Does.Contain(problem));
        Assert.That(error, Does.Contain(fix));
        Assert.That(error, Does.EndWith($"({given.AnnotationsPath}:1)"));
    }
}
