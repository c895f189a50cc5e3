namespace Sidecar.Agent.Tests.Subscriptions;

public sealed class PrecedenceTests
{
    private static readonly string[] OfAProcess = ["file", "annotation", "variable", "flag"];
    private static readonly string[] OfASubscription =
        ["file defaults", "file", "annotation defaults", "annotation", "field"];

    private static IEnumerable<TestCaseData> Pairs(string[] order) =>
        from weak in Enumerable.Range(0, order.Length)
        from strong in Enumerable.Range(weak + 1, order.Length - weak - 1)
        select new TestCaseData(order[weak], order[strong]);

    private static IEnumerable<TestCaseData> ProcessPairs() => Pairs(OfAProcess);

    private static IEnumerable<TestCaseData> SubscriptionPairs() => Pairs(OfASubscription);

    [TestCaseSource(nameof(ProcessPairs))]
    public void Of_two_sources_of_the_process_the_stronger_wins(string weak, string strong)
    {
        using var given = Given.ASubscription();
        Process(given, weak, "1111");
        Process(given, strong, "2222");

        var resolved = given.Resolved();

        Assert.That(resolved.Options.MetricsPort, Is.EqualTo(2222));
        Assert.That(resolved.Lines.Single(line => line.Setting == "metrics-port").Origin.Kind, Is.EqualTo(strong));
    }

    [TestCaseSource(nameof(SubscriptionPairs))]
    public void Of_two_places_of_a_subscription_the_stronger_wins(string weak, string strong)
    {
        using var given = Given.AService();
        var file = new Dictionary<string, string>(StringComparer.Ordinal);
        var annotated = "orders.v1";
        foreach (var (place, attempts) in new[] { (weak, 11), (strong, 22) })
        {
            switch (place)
            {
                case "file defaults":
                    file["defaults"] = $"{{attempts: {attempts}}}";
                    break;
                case "file":
                    file["subscriptions"] = $"{{orders: {{attempts: {attempts}}}}}";
                    break;
                case "annotation defaults":
                    given.Annotation("sidecar.events/defaults", $"attempts={attempts}");
                    break;
                case "annotation":
                    annotated += $"; attempts={attempts}";
                    break;
                default:
                    given.Annotation("sidecar.events/subscription.orders.attempts", $"{attempts}");
                    break;
            }
        }

        given.Annotation("sidecar.events/subscription.orders", annotated);
        if (file.Count > 0)
        {
            given.File(string.Concat(file.Select(section => $"{section.Key}: {section.Value}\n")));
        }

        Assert.That(given.Resolved().Options.Subscriptions[0].Delivery.Attempts, Is.EqualTo(22));
    }

    [Test]
    public void A_subscription_s_own_address_wins_over_the_flag_for_all()
    {
        using var given = Given.ASubscription("orders.v1; app-address=unix:/own")
            .Annotation("sidecar.events/subscription.pay", "pay.v1").Flag("app-address", "127.0.0.1:9");

        var resolved = given.Resolved();

        Assert.That(
            resolved.Options.Subscriptions.Select(subscription => subscription.Delivery.AppAddress),
            Is.EqualTo(new[] { "unix:/own", "127.0.0.1:9" }));
        Assert.That(
            resolved.Lines.Single(line => line.Setting == "subscription.pay.app-address").Origin.ToString(),
            Is.EqualTo("flag --app-address"));
    }

    [Test]
    public void What_a_stronger_source_covers_must_be_right_too()
    {
        using var given = Given.ASubscription("orders.v1; attempts=many")
            .Annotation("sidecar.events/subscription.orders.attempts", "3");

        Assert.That(given.OneError(), Does.StartWith("attempts in sidecar.events/subscription.orders = \"many\""));
    }

    [Test]
    public void A_file_and_the_annotations_add_up()
    {
        using var given = Given.ASubscription().File("subscriptions: {pay: pay.v1}\nkafka: {ssl.cipher.suites: HIGH}");

        var options = given.Resolved().Options;

        Assert.That(
            options.Subscriptions.Select(subscription => subscription.Name), Is.EqualTo(new[] { "orders", "pay" }));
        Assert.That(options.Source.Properties, Has.Count.EqualTo(1));
        Assert.That(options.Source.Properties["ssl.cipher.suites"], Is.EqualTo("HIGH"));
    }

    private static void Process(Given given, string source, string value) => _ = source switch
    {
        "file" => given.File($"metrics-port: {value}"),
        "annotation" => given.Annotation("sidecar.events/metrics-port", value),
        "variable" => given.Variable("SIDECAR_METRICS_PORT", value),
        "flag" => given.Flag("metrics-port", value),
        _ => throw new ArgumentException("unknown", nameof(source)),
    };
}
