using System.Globalization;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Health;
using Sidecar.Agent.Source;
using Sidecar.Agent.Subscriptions;
using Sidecar.Agent.Telemetry;
using Sidecar.Credentials;

namespace Sidecar.Agent.Tests.Subscriptions;

/// <summary>
/// Sets every field of the tables to a value that is not its default, in every spelling, and looks into the options.
/// A field
/// that is added to a table without a sample here fails.
/// </summary>
public sealed class EveryFieldTests
{
    private static readonly Dictionary<string, Sample<SubscriptionOptions>> OfSubscription =
        new(StringComparer.Ordinal)
        {
            ["topics"] = new("a.v1,b.v1", o => string.Join('+', o.Topics), "a.v1+b.v1"),
            ["app-address"] = new("unix:/run/app.sock", o => o.Delivery.AppAddress, "unix:/run/app.sock"),
            ["method"] = new("/acme.v1.Orders/Placed", o => o.Delivery.Method, "/acme.v1.Orders/Placed"),
            ["framing"] = new("confluent", o => o.Delivery.Framing, Framing.Confluent),
            ["deadline"] = new("15s", o => o.Delivery.Deadline, TimeSpan.FromSeconds(15)),
            ["max-deadline"] = new("2h", o => o.Delivery.MaxDeadline, TimeSpan.FromHours(2)),
            ["attempts"] = new("3", o => o.Delivery.Attempts, 3),
            ["backoff"] = new(
                "250ms..1m", o => (o.Delivery.BackoffMin, o.Delivery.BackoffMax),
                (TimeSpan.FromMilliseconds(250), TimeSpan.FromMinutes(1))),
            ["retry-budget"] = new("35%", o => o.Delivery.RetryBudgetPercent, 35),
            ["max-hold"] = new("0s", o => o.Delivery.MaxHold, TimeSpan.Zero),
            ["ordering"] = new("partition", o => o.Dispatch.Ordering, Ordering.Partition),
            ["concurrency"] = new(
                "3..7", o => (o.Dispatch.ConcurrencyFloor, o.Dispatch.Concurrency), (3, 7)),
            ["window"] = new("99", o => o.Dispatch.Window, 99),
            ["window-bytes"] = new("1Mi", o => o.Dispatch.WindowBytes, 1024L * 1024),
            ["max-message"] = new("64k", o => o.Delivery.MaxMessageBytes, 64000),
            ["start"] = new("latest", o => o.Start, StartAt.Latest),
            ["on-exhausted"] = new("park", o => o.Delivery.OnExhausted, OnExhausted.Park),
            ["health"] = new("grpc:acme.B", o => o.Health, new HealthSetting(HealthMode.Grpc, "acme.B")),
            ["filter"] = new(
                "type=order.*, header.region!=us", o => string.Join('|', o.Dispatch.Filter.Terms.Select(t => $"{t}")),
                "FilterTerm { Header = ce_type, Value = order., IsPrefix = True, IsNot = False }|"
                + "FilterTerm { Header = region, Value = us, IsPrefix = False, IsNot = True }"),
            ["max-age"] = new("3h", o => o.Delivery.MaxAge, TimeSpan.FromHours(3)),
            ["on-expired"] = new("dead-letter", o => o.Delivery.OnExpired, OnExpired.DeadLetter),
            ["paused"] = new("INC-7 refunds twice", o => o.Paused, "INC-7 refunds twice"),
            ["rate-limit"] = new("250", o => o.Dispatch.RateLimit, 250),
            ["retries"] = new("1m,10m,1h", o => string.Join('+', o.Dispatch.Retries.Select(delay => delay.TotalSeconds)), "60+600+3600"),
            ["dlq"] = new("shop.dead", o => o.DeadLetter.Topic, "shop.dead"),
            ["dlq-limit"] = new("600,80%", o => o.Dispatch.DeadLetterLimit, new StormThreshold(600, 80)),
        };

    private static readonly Dictionary<string, Sample<AgentOptions>> OfProcess =
        new(StringComparer.Ordinal)
        {
            ["service"] = new("billing", o => o.Service, "billing"),
            ["namespace"] = new("money", o => o.Namespace, "money"),
            ["group"] = new("my.group", o => o.Source.Group, "my.group"),
            ["bootstrap-servers"] = new("a:1,[::1]:2", o => o.Source.BootstrapServers, "a:1,[::1]:2"),
            ["kafka-security-protocol"] = new("SASL_SSL", o => o.Source.Security.Protocol, Protection.SaslTls),
            ["kafka-sasl-mechanism"] = new("SCRAM-SHA-512", o => o.Source.Security.Mechanism, "SCRAM-SHA-512"),
            ["kafka-credentials"] = new("/etc/sidecar/kafka", o => o.Source.Security.Directory, "/etc/sidecar/kafka"),
            ["app-address"] = new("127.0.0.1:7", o => o.Subscriptions[0].Delivery.AppAddress, "127.0.0.1:7"),
            ["session-timeout"] = new("45s", o => o.Source.SessionTimeout, TimeSpan.FromSeconds(45)),
            ["revoke-timeout"] = new("0s", o => o.Source.RevokeTimeout, TimeSpan.Zero),
            ["drain-timeout"] = new("2m", o => o.Source.DrainTimeout, TimeSpan.FromMinutes(2)),
            ["leave-after"] = new("2m", o => o.Source.LeaveAfter, TimeSpan.FromMinutes(2)),
            ["max-buffer"] = new("1Gi", o => o.Source.MaxBufferBytes, 1024L * 1024 * 1024),
            ["commit-interval"] = new("1s", o => o.Commit.Interval, TimeSpan.FromSeconds(1)),
            ["commit-completions"] = new("77", o => o.Commit.Completions, 77),
            ["create-topics"] = new("false", o => o.Subscriptions[0].DeadLetter.CreateTopics, false),
            ["api-port"] = new("0", o => o.ApiPort, 0),
            ["admin-port"] = new("0", o => o.AdminPort, 0),
            ["metrics-port"] = new("0", o => o.MetricsPort, 0),
            ["gate"] = new("assigned", o => o.Gate, ReadinessGate.Assigned),
            ["termination-log"] = new("/run/end", o => o.TerminationLog, "/run/end"),
            ["log-level"] = new("debug", o => o.LogLevel, "debug"),
            ["kafka.fetch.min.bytes"] = new("9", o => o.Source.Properties["fetch.min.bytes"], "9"),
        };

    private static readonly string[] Security = ["kafka-security-protocol", "kafka-sasl-mechanism", "kafka-credentials"];

    private static readonly string[] SubscriptionSpellings =
    [
        "compact", "block", "one line block", "field", "defaults", "block of defaults",
        "file", "JSON file", "file defaults", "compact file",
    ];

    private static IEnumerable<TestCaseData> SubscriptionCases() =>
        from field in SubscriptionFields.All
        where field.IsSupported
        from spelling in SubscriptionSpellings
        where field.Name != "topics" || !spelling.Contains("defaults", StringComparison.Ordinal)
        select new TestCaseData(field.Name, spelling);

    [TestCaseSource(nameof(SubscriptionCases))]
    public void A_field_of_a_subscription_arrives_however_it_is_spelled(string field, string spelling)
    {
        Assert.That(OfSubscription, Contains.Key(field), "a new field needs a sample value in this test");
        var (written, get, expected) = OfSubscription[field];
        using var given = Given.AService();
        Spell(given, spelling, field, written);

        var resolved = given.Resolved();

        Assert.That(resolved.Options.Subscriptions, Has.Count.EqualTo(1));
        Assert.That(get(resolved.Options.Subscriptions[0]), Is.EqualTo(expected));
        var line = resolved.Lines.Single(line => line.Setting == $"subscription.one.{field}");
        var source = spelling.Contains("file", StringComparison.Ordinal) ? "file" : "annotation";
        Assert.That(line.Origin.Kind, Is.EqualTo(source));
    }

    [TestCaseSource(nameof(SubscriptionCases))]
    public void What_is_shown_of_a_field_can_be_written_again(string field, string spelling)
    {
        using var given = Given.AService();
        Spell(given, spelling, field, OfSubscription[field].Written);
        var shown = given.Resolved().Lines.Single(line => line.Setting == $"subscription.one.{field}").Value;

        using var again = Given.AService();
        Spell(again, spelling, field, shown);

        Assert.That(
            again.Resolved().Lines.Single(line => line.Setting == $"subscription.one.{field}").Value,
            Is.EqualTo(shown));
    }

    private static void Spell(Given given, string spelling, string field, string value)
    {
        const string one = "sidecar.events/subscription.one";
        const string all = "sidecar.events/defaults";

        // What the field needs beside it to be right.
        var beside = field switch
        {
            "topics" => new Dictionary<string, string>(),
            "framing" => new() { ["topics"] = "t.v1", ["method"] = "/a.B/C" },
            "on-expired" => new() { ["topics"] = "t.v1", ["max-age"] = "1h" },
            "dlq" => new() { ["topics"] = "t.v1", ["on-exhausted"] = "dead-letter" },
            _ => new() { ["topics"] = "t.v1" },
        };
        var both = beside.Append(KeyValuePair.Create(field, value)).ToList();
        _ = spelling switch
        {
            "compact" => given.Annotation(one, Compact(both)),
            "block" => given.Annotation(one, Block(both, "")),
            "one line block" => given.Annotation(one, Flow(both)),
            "field" => given.Annotation(one, Compact(field == "topics" ? [new("topics", "t.v1")] : beside))
                .Annotation($"{one}.{field}", value),
            "defaults" => given.Annotation(one, Compact(beside)).Annotation(all, $"{field}=\"{value}\""),
            "block of defaults" => given.Annotation(one, Compact(beside))
                .Annotation(all, Block([new(field, value)], "")),
            "file" => given.File($"subscriptions:\n  one:\n{Block(both, "    ")}"),
            "JSON file" => given.File("{\"subscriptions\": {\"one\": " + Flow(both) + "}}"),
            "file defaults" => given.File(
                $"defaults: {Flow([new(field, value)])}\nsubscriptions: {{one: {Flow(beside)}}}"),
            "compact file" => given.File($"subscriptions:\n  one: \"{Compact(both)}\"\n"),
            _ => throw new ArgumentException("unknown", nameof(spelling)),
        };
    }

    private static string Compact(IEnumerable<KeyValuePair<string, string>> fields) =>
        string.Join("; ", fields.Select(field => field.Key == "topics" ? field.Value : $"{field.Key}={field.Value}"));

    private static string Block(IEnumerable<KeyValuePair<string, string>> fields, string indent) =>
        string.Concat(fields.Select(field => $"{indent}{field.Key}: {field.Value}\n"));

    private static string Flow(IEnumerable<KeyValuePair<string, string>> fields) =>
        "{" + string.Join(", ", fields.Select(field => $"\"{field.Key}\": \"{field.Value}\"")) + "}";

    private static IEnumerable<TestCaseData> ProcessCases() =>
        from field in ProcessFields.All.Where(field => field.IsSupported).Select(field => field.Name)
            .Append("kafka.fetch.min.bytes")
        from source in new[] { "annotation", "variable", "flag", "file" }
        where !field.StartsWith("kafka.", StringComparison.Ordinal) || source is "annotation" or "file"
        select new TestCaseData(field, source);

    [TestCaseSource(nameof(ProcessCases))]
    public void A_field_of_the_process_arrives_from_every_source(string field, string source)
    {
        Assert.That(OfProcess, Contains.Key(field), "a new field needs a sample value in this test");
        var (written, get, expected) = OfProcess[field];
        using var given = Given.ASubscription();
        foreach (var other in Security.Contains(field) ? Security : [])
        {
            // What these need beside them to be right.
            _ = given.Variable(EnvironmentVariables.NameOf(other), OfProcess[other].Written);
        }

        _ = given.WithoutVariable(EnvironmentVariables.NameOf(field));
        _ = source switch
        {
            "annotation" => given.Annotation($"sidecar.events/{field}", written),
            "variable" => given.Variable(EnvironmentVariables.NameOf(field), written),
            "flag" => given.Flag(field, written),
            "file" when field.StartsWith("kafka.", StringComparison.Ordinal) =>
                given.File($"kafka: {{{field[6..]}: {written}}}"),
            "file" => given.File($"{field}: \"{written}\""),
            _ => throw new ArgumentException("unknown", nameof(source)),
        };

        var resolved = given.Resolved();

        Assert.That(get(resolved.Options), Is.EqualTo(expected));
        Assert.That(resolved.Lines.Single(line => line.Setting == field).Origin.Kind, Is.EqualTo(source));
    }

    [Test]
    public void The_defaults_that_are_shown_are_the_ones_of_the_options()
    {
        using var given = Given.ASubscription();
        var resolved = given.Resolved();

        Assert.That(resolved.Options.Source.Group, Is.EqualTo("shop.orders"));
        var attempts = resolved.Lines.Single(line => line.Setting == "subscription.orders.attempts");
        Assert.That(attempts.Value, Is.EqualTo(new DeliveryOptions().Attempts.ToString(CultureInfo.InvariantCulture)));
        Assert.That(attempts.Origin.ToString(), Is.EqualTo("default"));
    }

    private static IEnumerable<string> NotYet() =>
        SubscriptionFields.All.Where(f => !f.IsSupported).Select(f => f.Name);

    private static IEnumerable<string> NotYetOfProcess() =>
        ProcessFields.All.Where(f => !f.IsSupported).Select(f => f.Name);

    [TestCaseSource(nameof(NotYet))]
    public void A_field_that_does_not_work_yet_is_refused_and_never_ignored(string field)
    {
        using var annotated = Given.ASubscription().Annotation($"sidecar.events/subscription.orders.{field}", "true");
        using var filed = Given.ASubscription().File($"defaults: {{{field}: [a, b]}}");

        Assert.That(annotated.OneError(), Does.StartWith(
            $"sidecar.events/subscription.orders.{field} = \"true\": not supported yet. Remove it."));
        Assert.That(filed.OneError(), Does.StartWith($"defaults.{field} = \"[a, b]\": not supported yet. Remove it."));
    }

    [TestCaseSource(nameof(NotYetOfProcess))]
    public void A_field_of_the_process_that_does_not_work_yet_is_refused(string field)
    {
        using var variable = Given.ASubscription().Variable(EnvironmentVariables.NameOf(field), "x");
        using var filed = Given.ASubscription().File($"{field}: x");

        Assert.That(
            variable.OneError(), Does.StartWith($"{EnvironmentVariables.NameOf(field)} = \"x\": not supported yet."));
        Assert.That(filed.OneError(), Does.StartWith($"{field} = \"x\": not supported yet."));
    }

    [Test]
    public void The_names_of_fields_fit_into_an_annotation_key()
    {
        // subscription.<30>.<18> has 62 characters; Kubernetes allows 63.
        Assert.That(SubscriptionFields.All.Select(field => field.Name.Length), Is.All.LessThanOrEqualTo(18));
        Assert.That(ProcessFields.All.Select(field => field.Name.Length), Is.All.LessThanOrEqualTo(63));
    }

    private sealed record Sample<T>(string Written, Func<T, object?> Get, object Expected);
}
