using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Tests.Subscriptions;

/// <summary>What changes between two configurations, and what becomes of it.</summary>
public sealed class ReloadPlanTests
{
    private const int Rounds = 300;

    // Field, two values of it. All others stay as they are by default.
    private static readonly (string Field, string One, string Other)[] Edits =
    [
        ("topics", "", "more.v1"), ("app-address", "127.0.0.1:1", "127.0.0.1:2"), ("method", "/a.v1.S/One", "/a.v1.S/Two"),
        ("deadline", "1s", "2s"), ("attempts", "3", "4"), ("backoff", "1s..2s", "2s..3s"), ("retry-budget", "10%", "off"),
        ("max-hold", "0s", "1h"), ("on-exhausted", "dead-letter", "stop"), ("dlq-limit", "off", "70%"), ("retries", "1m", "off"),
        ("ordering", "none", "key"), ("concurrency", "8", "2..16"), ("window", "99", "100"), ("window-bytes", "1Mi", "2Mi"),
        ("max-message", "1Mi", "2Mi"), ("start", "latest", "earliest"), ("filter", "type=a.*", "header.x!=y"), ("max-age", "1h", "off"),
        ("on-expired", "skip", "dead-letter"), ("rate-limit", "5", "off"), ("health", "tcp", "off"), ("paused", "true", "INC-7"),
    ];

    [Test]
    public void Every_field_is_edited_by_the_property_test()
    {
        var edited = Edits.Select(edit => edit.Field).Concat(["framing", "max-deadline", "dlq"]);
        Assert.That(edited, Is.EquivalentTo(SubscriptionFields.All.Where(field => field.IsSupported).Select(field => field.Name)));
    }

    [Test]
    public void Applying_the_plan_gives_the_new_configuration_and_what_is_untouched_has_no_step()
    {
        var seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var (adjusted, others) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var (before, after) = (Some(random), Some(random));
            var untouched = after.Subscriptions.Where(one => before.Subscriptions.Exists(other => Same(one, other)))
                .Select(one => one.Name).ToList();
            var wanted = after.Subscriptions.ConvertAll(Shown);

            var plan = ReloadPlan.Between(before, before, after);
            Assert.That(plan.Steps.Select(step => step.Subscription).Intersect(untouched), Is.Empty, $"round {round}");
            Assert.That(plan.Steps.Select(step => step.Subscription), Is.Ordered.And.Unique);
            Apply(plan, before.Subscriptions, after);
            var now = before.Subscriptions.OrderBy(one => one.Name, StringComparer.Ordinal).Select(Shown);
            Assert.That(now, Is.EqualTo(wanted), $"round {round}");
            Assert.That(ReloadPlan.Between(before, before, after).Steps, Is.Empty, "nothing is left to do");
            adjusted += plan.Steps.Count(step => step.Change == SubscriptionChange.Adjust);
            others += plan.Steps.Count(step => step.Change != SubscriptionChange.Adjust);
        }

        Assert.That((adjusted > Rounds / 10, others > Rounds / 2), Is.EqualTo((true, true)), $"{adjusted} and {others}: hardly anything");
    }

    [TestCase("concurrency=4", "concurrency=9", SubscriptionChange.Adjust)]
    [TestCase("filter=type=a", "filter=off", SubscriptionChange.Adjust)]
    [TestCase("paused=true", "paused=INC-7", SubscriptionChange.Adjust)]
    [TestCase("max-age=1h", "max-age=2h", SubscriptionChange.Adjust)]
    [TestCase("ordering=key", "ordering=none", SubscriptionChange.Anew)]
    [TestCase("ordering=key; attempts=2", "ordering=none; attempts=3", SubscriptionChange.Anew)]
    [TestCase("max-age=1h", "max-age=1h; on-expired=dead-letter", SubscriptionChange.Anew)]
    [TestCase("on-expired=dead-letter; max-age=1h; on-exhausted=dead-letter", "on-exhausted=dead-letter", SubscriptionChange.Adjust)]
    public void A_field_follows_at_once_or_its_subscription_begins_anew(string before, string after, SubscriptionChange change)
    {
        var step = Between($"orders.v1; {before}", $"orders.v1; {after}").Steps.Single();
        Assert.That(step.Change, Is.EqualTo(change));
    }

    [Test]
    public void A_subscription_that_comes_or_goes_touches_no_other()
    {
        var one = Options(("orders", "orders.v1"), ("payments", "payments.v1"));
        var other = Options(("orders", "orders.v1"), ("refunds", "refunds.v1"));
        var plan = ReloadPlan.Between(one, one, other);
        Assert.That(plan.Steps.Select(step => (step.Subscription, step.Change)), Is.EqualTo(new[]
        {
            ("payments", SubscriptionChange.Remove), ("refunds", SubscriptionChange.Add),
        }));
    }

    [Test]
    public void Settings_of_the_process_wait_for_a_restart_or_refuse_the_edit_and_the_log_level_follows()
    {
        using var before = Given.ASubscription();
        using var after = Given.ASubscription().Variable("SIDECAR_BOOTSTRAP_SERVERS", "other:9092")
            .Annotation("sidecar.events/log-level", "debug").Annotation("sidecar.events/drain-timeout", "3s")
            .Annotation("sidecar.events/kafka.fetch.min.bytes", "9");
        var (from, to) = (before.Resolved().Options, after.Resolved().Options);
        var plan = ReloadPlan.Between(from, from, to);
        Assert.That(plan.NeedRestart, Is.EqualTo(["bootstrap-servers", "drain-timeout", "kafka.fetch.min.bytes"]));
        Assert.That((plan.LogLevel, plan.Steps.Count, plan.Refused.Count), Is.EqualTo(("debug", 0, 0)));

        after.Annotation("sidecar.events/group", "other.group");
        Assert.That(ReloadPlan.Between(from, from, after.Resolved().Options).Refused.Single(), Does.StartWith("group: "));
    }

    [Test]
    public void A_deadline_that_may_be_extended_needs_a_port_from_the_start()
    {
        var refused = Between("orders.v1", "orders.v1; max-deadline=1h").Refused.Single();
        Assert.That(refused, Does.StartWith("subscription.orders.max-deadline: "));
        Assert.That(Between("orders.v1; max-deadline=2h", "orders.v1; max-deadline=1h").Refused, Is.Empty);
    }

    [Test]
    public void The_address_of_the_process_is_its_subscriptions_own()
    {
        using var before = Given.ASubscription();
        using var after = Given.ASubscription().Variable("SIDECAR_APP_ADDRESS", "127.0.0.1:7");
        var from = before.Resolved().Options;
        var plan = ReloadPlan.Between(from, from, after.Resolved().Options);
        Assert.That((plan.Steps.Single().Change, plan.NeedRestart.Count), Is.EqualTo((SubscriptionChange.Anew, 0)));
    }

    private static void Apply(ReloadPlan plan, List<SubscriptionOptions> running, AgentOptions wanted)
    {
        foreach (var step in plan.Steps)
        {
            var goal = wanted.Subscriptions.Find(one => one.Name == step.Subscription);
            if (step.Change == SubscriptionChange.Adjust)
            {
                ReloadPlan.Adjust(running.Find(one => one.Name == step.Subscription)!, goal!);
                continue;
            }

            var removed = running.RemoveAll(one => one.Name == step.Subscription);
            Assert.That(removed, Is.EqualTo(step.Change == SubscriptionChange.Add ? 0 : 1));
            running.AddRange(goal is null ? [] : [goal]);
            Assert.That(goal is null, Is.EqualTo(step.Change == SubscriptionChange.Remove));
        }
    }

    private static AgentOptions Some(Random random)
    {
        var subscriptions = new[] { "a", "b", "c" }.Where(_ => random.Next(4) > 0).Select(name =>
        {
            var some = Edits.Where(_ => random.Next(15) == 0)
                .Select(edit => (edit.Field, Value: random.Next(2) == 0 ? edit.One : edit.Other)).ToList();
            if (!some.Contains(("max-age", "1h")))
            {
                some.RemoveAll(edit => edit.Field == "on-expired");
            }

            var topics = some.Any(edit => edit is { Field: "topics", Value: not "" }) ? $"{name}.v1,{name}.more.v1" : $"{name}.v1";
            var fields = some.Where(edit => edit.Field != "topics").Select(edit => $"; {edit.Field}={edit.Value}");
            return (name, topics + string.Concat(topics.Contains(',', StringComparison.Ordinal)
                ? fields.Where(field => !field.Contains("retries", StringComparison.Ordinal)) : fields));
        }).ToList();
        return Options(subscriptions.Count > 0 ? [.. subscriptions] : [("a", "a.v1")]);
    }

    private static ReloadPlan Between(string before, string after)
    {
        var (from, to) = (Options(("orders", before)), Options(("orders", after)));
        return ReloadPlan.Between(from, from, to);
    }

    private static AgentOptions Options(params (string Name, string Value)[] subscriptions)
    {
        var settings = new List<Setting>();
        var errors = new List<ConfigurationError>();
        var annotations = subscriptions.Select((one, line) =>
            new Annotation($"{AnnotationFile.Prefix}subscription.{one.Name}", one.Value, line)).ToList();
        annotations.Add(new Annotation($"{AnnotationFile.Prefix}group", "g", 90));
        annotations.Add(new Annotation($"{AnnotationFile.Prefix}bootstrap-servers", "kafka:9092", 91));
        Annotations.Read(annotations, "annotations", settings, errors);
        var resolved = Resolver.Resolve(settings, errors);
        Assert.That(errors.Select(error => error.ToString()), Is.Empty);
        return resolved.Options;
    }

    private static bool Same(SubscriptionOptions one, SubscriptionOptions other) => Shown(one) == Shown(other);

    private static string Shown(SubscriptionOptions options) => options.Name + ": "
        + string.Join("; ", SubscriptionFields.All.Select(field => $"{field.Name}={field.Show(options)}"));
}
