using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Tests.Subscriptions;

/// <summary>Every error names the key as it was written, the value, what is wrong, and what to do.</summary>
public sealed class ErrorTests
{
    private const string Orders = "sidecar.events/subscription.orders";

    [TestCase("attempts", "many", "not a whole number", "Write a whole number from 1 to 100")]
    [TestCase("attempts", "1.5", "not a whole number", "Write a whole number from 1 to 100")]
    [TestCase("attempts", "0", "out of range, which is 1 to 100", "Write a whole number from 1 to 100")]
    [TestCase("attempts", "-1", "out of range, which is 1 to 100", "Write a whole number from 1 to 100")]
    [TestCase("attempts", "99999999999999999999", "not a whole number", "from 1 to 100")]
    [TestCase("attempts", "", "the value is empty", "or remove the key")]
    [TestCase("concurrency", "1025", "out of range, which is 1 to 1024", "from 1 to 1024")]
    [TestCase("deadline", "15", "not a duration", "such as 500ms or 2m")]
    [TestCase("deadline", "1.5s", "not a duration", "such as 500ms or 2m")]
    [TestCase("deadline", "15 s", "not a duration", "such as 500ms or 2m")]
    [TestCase("deadline", "99999999999999999999s", "not a duration", "such as 500ms or 2m")]
    [TestCase("deadline", "9223372036854775807h", "out of range, which is 10ms to 1h", "from 10ms to 1h")]
    [TestCase("deadline", "9ms", "out of range, which is 10ms to 1h", "from 10ms to 1h")]
    [TestCase("backoff", "1s..", "not a duration", "such as 500ms or 2m")]
    [TestCase("backoff", "1m..1s", "the shortest pause, which stands first, is longer", "as in 200ms..30s")]
    [TestCase("window-bytes", "8MB", "not a size", "such as 8Mi")]
    [TestCase("window-bytes", "1", "out of range, which is 64Ki to 1Gi", "from 64Ki to 1Gi")]
    [TestCase("window-bytes", "9223372036854775807Gi", "not a size", "such as 8Mi")]
    [TestCase("ordering", "keys", "not one of its words", "Did you mean key? Use one of: key | none | partition")]
    [TestCase("ordering", "Key", "not one of its words", "Use one of: key | none | partition")]
    [TestCase("on-exhausted", "parked", "not one of its words", "Did you mean park? Use one of: dead-letter | park | stop")]
    [TestCase("start", "timestamp:1700000000", "not supported yet", "Use one of: earliest | latest")]
    [TestCase("start", "timestamp", "not supported yet", "Use one of: earliest | latest")]
    [TestCase("framing", "confluent", "for a typed method only", "Set method to /package.Service/Method")]
    [TestCase("window", "16", "a window of 16 is smaller than the concurrency of 64", "Set window to 64 or more")]
    [TestCase("method", "Orders/Placed", "not the full name of a method", "such as /acme.orders.v1.Order")]
    [TestCase("method", "/acme.Orders.Placed", "not the full name of a method", "with both slashes")]
    [TestCase("topics", "a b", "\"a b\" cannot be the name of a topic", "Use up to 249 letters")]
    [TestCase("topics", "..", "\"..\" cannot be the name of a topic", "Use up to 249 letters")]
    [TestCase("topics", "^orders.*", "is a pattern: not supported yet", "Name every topic")]
    [TestCase("topics", "a,b,a", "the topic a stands there twice", "Name every topic once")]
    [TestCase("app-address", "10.0.0.7:80", "the host 10.0.0.7 is not this machine", "write 127.0.0.1 and its port")]
    [TestCase("app-address", "0.0.0.0:80", "the host 0.0.0.0 is not this machine", "write 127.0.0.1 and its port")]
    [TestCase("app-address", "orders:80", "the host orders is not this machine", "write 127.0.0.1 and its port")]
    [TestCase("app-address", "http://127.0.0.1:80", "an address has no scheme", "such as 127.0.0.1:50051")]
    [TestCase("app-address", "50051", "not host:port", "such as 127.0.0.1:50051")]
    [TestCase("app-address", "localhost:65536", "not host:port", "such as 127.0.0.1:50051")]
    [TestCase("app-address", "unix:app.sock", "must be absolute", "unix:/run/app/grpc.sock")]
    [TestCase("atempts", "3", "unknown key", "Did you mean attempts?")]
    [TestCase("order", "key", "unknown key", "Did you mean ordering?")]
    [TestCase("zzzzzzz", "key", "unknown key. See all with: agent explain", "")]
    [TestCase("group", "x", "this is said of the process", "Write sidecar.events/group, or SIDECAR_GROUP")]
    public void A_wrong_value_is_named_with_its_fix(string field, string value, string problem, string fix)
    {
        using var given = Given.ASubscription().Annotation($"{Orders}.{field}", value);

        var error = given.OneError();

        Assert.That(error, Does.StartWith($"{Orders}.{field}"));
        if (SubscriptionFields.Find(field) is not null)
        {
            Assert.That(error, Does.Contain($" = \"{value}\": "));
        }

        Assert.That(error, Does.Contain(problem));
        Assert.That(error, Does.Contain(fix));
        Assert.That(error, Does.EndWith($"({given.AnnotationsPath}:2)"));
    }

    [TestCase("127.0.0.1:1")]
    [TestCase("127.8.8.8:65535")]
    [TestCase("localhost:80")]
    [TestCase("[::1]:80")]
    [TestCase("unix:/run/app.sock")]
    public void An_address_on_this_machine_is_taken(string address)
    {
        using var given = Given.ASubscription($"orders.v1; app-address={address}");

        Assert.That(given.Resolved().Options.Subscriptions[0].Delivery.AppAddress, Is.EqualTo(address));
    }

    [Test]
    public void A_socket_s_path_has_at_most_107_bytes()
    {
        var longest = "unix:/" + new string('a', 106);
        using var fits = Given.ASubscription($"orders.v1; app-address={longest}");
        using var given = Given.ASubscription($"orders.v1; app-address={longest}a");

        Assert.That(fits.Load().Errors, Is.Empty);
        Assert.That(
            given.OneError(), Does.Contain("has 108 bytes, and a Unix socket's has at most 107. Mount the shared"));
    }

    [Test]
    public void A_small_window_is_right_where_a_partition_has_one_event_in_flight()
    {
        using var given = Given.ASubscription("orders.v1; ordering=partition; window=16");

        Assert.That(given.Load().Errors, Is.Empty);
    }

    [Test]
    public void Certificates_are_always_checked()
    {
        using var given = Given.ASubscription().File("kafka: {enable.ssl.certificate.verification: false}");

        Assert.That(
            given.OneError(), Does.Contain("= \"false\": connections without a check").And.Contain("kafka-credentials as ca.crt"));
    }

    [Test]
    public void A_session_and_a_heartbeat_that_do_not_go_together_are_one_error_at_the_stronger()
    {
        using var given = Given.ASubscription()
            .Flag("session-timeout", "20s").File("kafka: {heartbeat.interval.ms: 20000}");

        Assert.That(
            given.OneError(), Does.StartWith("--session-timeout = \"20s\": a session of 20s ends before the next"));
    }

    [TestCase("Orders", "Did you mean orders?")]
    [TestCase("2orders", "a letter first")]
    [TestCase("orders-", "lower-case letters")]
    [TestCase("or_ders", "lower-case letters")]
    [TestCase("a23456789012345678901234567890x", "at most 30")]
    [TestCase("", "lower-case letters")]
    public void A_name_that_no_subscription_can_have_is_an_error(string name, string fix)
    {
        using var given = Given.ASubscription().Annotation($"sidecar.events/subscription.{name}", "other.v1");
        using var filed = Given.ASubscription().File($"subscriptions:\n  \"{name}\": other.v1");

        foreach (var error in new[] { given.OneError(), filed.OneError() })
        {
            Assert.That(error, Does.Contain($"\"{name}\" cannot be the name of a subscription").And.Contain(fix));
        }
    }

    [Test]
    public void One_topic_in_two_subscriptions_is_an_error_that_names_both()
    {
        using var given = Given.ASubscription().Annotation("sidecar.events/subscription.pay", "pay.v1,orders.v1");

        Assert.That(given.OneError(), Is.EqualTo(
            "topics in sidecar.events/subscription.pay = \"orders.v1\": the subscription orders has this topic too "
            + "(topics in sidecar.events/subscription.orders). A topic belongs to one subscription of a group: "
            + $"remove it from one of them. ({given.AnnotationsPath}:2)"));
    }

    [Test]
    public void A_subscription_without_topics_may_be_another_one_misspelt()
    {
        using var given = Given.ASubscription().Annotation("sidecar.events/subscription.order.attempts", "3");

        Assert.That(given.OneError(), Does.Contain("the subscription order has no topics. Did you mean orders?"));
    }

    [TestCase("sidecar.events/subscripton.orders", "Did you mean sidecar.events/subscription.<name>?")]
    [TestCase("sidecar.events/default", "Did you mean defaults?")]
    [TestCase("sidecar.events/log_level", "Did you mean log-level?")]
    [TestCase("sidecar.events/attempts", "Write sidecar.events/subscription.<name>.attempts, or put it into")]
    public void An_unknown_key_under_the_prefix_is_an_error(string key, string fix)
    {
        using var given = Given.ASubscription().Annotation(key, "x");

        Assert.That(given.OneError(), Does.StartWith(key).And.Contain(fix));
    }

    [TestCase("subscription: {a: b}", "subscription: a map stands where a value is expected")]
    [TestCase("grup: x", "grup: unknown key. Did you mean group?")]
    [TestCase("attempts: 3", "attempts: this is said of a subscription, not of the process. Move it to")]
    [TestCase("subscriptions: [a]", "subscriptions: a map is expected here")]
    [TestCase("kafka: a", "kafka: a map is expected here")]
    [TestCase("group:", "group: the value is empty")]
    [TestCase("group: [a]", "group = \"[a]\": a list stands where one value is expected")]
    [TestCase("defaults: {attempts: {a: 1}}", "defaults.attempts: a map stands where a value is expected")]
    [TestCase("defaults: {attempts: [[1]]}", "defaults.attempts: a list may hold only texts")]
    [TestCase("defaults: {topics: a}", "defaults.topics = \"a\": topics belong to one subscription each")]
    [TestCase("subscriptions: {pay: {topics: []}}", "subscriptions.pay.topics = \"[]\": a topic's name is empty")]
    [TestCase("group: a\ngroup: b", "the key \"group\" stands there twice")]
    [TestCase("", "there is nothing in it")]
    [TestCase("- a", "a map is expected")]
    public void A_file_that_is_wrong_says_where(string text, string error)
    {
        using var given = Given.ASubscription().File(text);

        Assert.That(given.OneError(), Does.Contain(error).And.Contain(given.ConfigPath));
    }

    [Test]
    public void A_block_that_is_wrong_says_the_line_of_the_file_and_of_the_block()
    {
        using var given = Given.ASubscription("topics: orders.v1\nattempts: many\n");

        Assert.That(given.OneError(), Does.StartWith("attempts in sidecar.events/subscription.orders = \"many\"")
            .And.EndWith($"({given.AnnotationsPath}:1, block line 2 column 1)"));
    }

    [Test]
    public void A_default_that_is_wrong_is_one_error_however_many_take_it_over()
    {
        using var given = Given.ASubscription().Annotation("sidecar.events/subscription.pay", "pay.v1")
            .Annotation("sidecar.events/defaults", "attempts=many; atempts=3");

        Assert.That(given.Load().Errors, Has.Count.EqualTo(2));
    }

    [Test]
    public void No_subscription_at_all_names_the_usual_cause()
    {
        using var given = Given.AService().NoAnnotations().Annotation("other.example.com/x", "y");

        Assert.That(given.OneError(), Does.StartWith("sidecar.events/subscription.<name>: there is no subscription")
            .And.Contain("Deployment's own metadata").And.Contain("spec.template.metadata.annotations"));
    }

    [Test]
    public void No_subscription_beside_other_annotations_of_ours_does_not_blame_the_place()
    {
        using var given = Given.AService().Annotation("sidecar.events/log-level", "debug");

        Assert.That(given.OneError(), Does.Contain("Add an annotation sidecar.events/subscription.<name>: <topic>"));
    }

    [Test]
    public void What_is_missing_is_said_all_at_once()
    {
        using var given = new Given();

        var errors = given.Load().Errors.Select(error => error.ToString()).ToList();

        Assert.That(errors, Has.Count.EqualTo(4));
        Assert.That(errors[0], Does.StartWith("service: not set").And.Contain("SIDECAR_SERVICE or --service"));
        Assert.That(errors[1], Does.StartWith("namespace: not set").And.Contain("SIDECAR_NAMESPACE or --namespace"));
        Assert.That(errors[2], Does.StartWith("bootstrap-servers: not set").And.Contain("--bootstrap-servers"));
        Assert.That(errors[3], Does.Contain("there is no subscription"));
    }

    [Test]
    public void A_group_needs_neither_service_nor_namespace()
    {
        using var given = Given.ASubscription().WithoutVariable("SIDECAR_SERVICE").WithoutVariable("SIDECAR_NAMESPACE")
            .Annotation("sidecar.events/group", "mine");

        Assert.That(given.Resolved().Options.Source.Group, Is.EqualTo("mine"));
    }

    [Test]
    public void A_file_that_cannot_be_had_is_an_error_that_names_it()
    {
        using var missing = Given.AService().AnnotationsAt("/no/such/file");
        using var folder = Given.ASubscription().FileAt(Path.GetTempPath());
        using var large = Given.ASubscription().File(new string('#', SourceText.MaxConfigBytes + 1));
        using var largest = Given.ASubscription().File("group: x\n#" + new string('#', SourceText.MaxConfigBytes - 10));
        using var annotations = Given.AService()
            .AnnotationLine("a/b=" + new string('x', SourceText.MaxAnnotationsBytes));

        Assert.That(missing.OneError(), Is.EqualTo(
            "--annotations = \"/no/such/file\": the file does not exist. Mount it, or correct the path."));
        Assert.That(folder.OneError(), Does.Contain("this is a directory. Name the file inside of it"));
        Assert.That(large.OneError(), Does.StartWith("--config = ").And.Contain("the file is larger than 1024 KiB"));
        Assert.That(largest.Load().Errors, Is.Empty);
        Assert.That(annotations.OneError(), Does.Contain("the file is larger than 4096 KiB"));
    }

    [Test]
    public void A_long_value_is_cut_and_stays_on_one_line()
    {
        using var given = Given.ASubscription()
            .Annotation($"{Orders}.attempts", "1\n2\u0007" + new string('9', 1000));

        var error = given.OneError();

        Assert.That(error, Does.Contain("\"1\\n2?999").And.Contain("...\" (1004 characters)"));
        Assert.That(error, Has.Length.LessThan(400));
        Assert.That(error, Does.Not.Contain('\n'));
    }
}
