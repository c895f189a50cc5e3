using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Subscriptions;
using Sidecar.Charts.Tests.Rig;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.Credentials;
using Sidecar.OutboxRelay.Hosting;

namespace Sidecar.Charts.Tests.Pods;

/// <summary>What the values say arrives in the programs: the rendered pod is read by their own parsers.</summary>
[TestFixture]
internal sealed class ConfigurationTests
{
    [Test]
    public async Task Every_form_of_a_subscription_reaches_the_agent()
    {
        var options = await AgentAsync("""
            orders: orders.v1
            compact: "payments.v1, refunds.v1; concurrency=16; backoff=250ms..1m"
            map:
              topics: [parcels.v1, returns.v1]
              method: /acme.parcels.v1.ParcelService/Handle
              concurrency: 4..32
              attempts: 3
              window-bytes: 2Mi
              ordering: none
              on-exhausted: dead-letter
              dlq-limit: 50, 90%
            """);
        var all = options.Subscriptions.ToDictionary(subscription => subscription.Name);
        Assert.That(all["orders"].Topics, Is.EqualTo(new[] { "orders.v1" }));
        Assert.That(all["compact"].Topics, Is.EqualTo(new[] { "payments.v1", "refunds.v1" }));
        Assert.That(all["compact"].Dispatch.Concurrency, Is.EqualTo(16));
        Assert.That(all["map"].Topics, Is.EqualTo(new[] { "parcels.v1", "returns.v1" }));
        Assert.That(all["map"].Delivery.Method, Is.EqualTo("/acme.parcels.v1.ParcelService/Handle"));
        Assert.That((all["map"].Dispatch.ConcurrencyFloor, all["map"].Dispatch.Concurrency), Is.EqualTo((4, 32)));
        Assert.That(all["map"].Delivery.Attempts, Is.EqualTo(3));
        Assert.That(all["map"].Dispatch.WindowBytes, Is.EqualTo(2 * 1024 * 1024));
        Assert.That(all["map"].Dispatch.Ordering, Is.EqualTo(Ordering.None));
    }

    [Test]
    public async Task Texts_that_need_quoting_arrive_as_they_were_written()
    {
        var options = await AgentAsync("""
            block: |
              topics: [goods.v1, "goods.v2"]
              concurrency: 7
            quoted: 'payments.v1; method="/acme.v1.S/M"'
            """);
        var all = options.Subscriptions.ToDictionary(subscription => subscription.Name);
        Assert.That(all["block"].Topics, Is.EqualTo(new[] { "goods.v1", "goods.v2" }));
        Assert.That(all["block"].Dispatch.Concurrency, Is.EqualTo(7));
        Assert.That(all["quoted"].Delivery.Method, Is.EqualTo("/acme.v1.S/M"));
    }

    [Test]
    public async Task Off_is_off_though_helm_reads_it_as_false()
    {
        var options = await AgentAsync("""
            orders:
              topics: [orders.v1]
              health: off
              rate-limit: off
              retry-budget: "off"
              filter: ["type=order.*", "header.test!=true"]
            """);
        var one = options.Subscriptions.Single();
        Assert.That(one.Dispatch.RateLimit, Is.Zero);
        Assert.That(one.Delivery.RetryBudgetPercent, Is.Zero);
        Assert.That(one.Dispatch.Filter.Terms, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Who_and_where_we_are_reaches_the_agent()
    {
        var options = await AgentAsync("orders: orders.v1");
        Assert.That((options.Namespace, options.Service), Is.EqualTo(("shop", "demo-all")));
        Assert.That(options.Source.BootstrapServers, Is.EqualTo("kafka-0:9092,kafka-1:9093"));
        Assert.That(options.Source.DrainTimeout, Is.EqualTo(TimeSpan.FromSeconds(20)));
        Assert.That((options.MetricsPort, options.AdminPort), Is.EqualTo((14190, 14191)));
    }

    [Test]
    public async Task Settings_defaults_and_properties_reach_the_agent()
    {
        var options = await AgentAsync("orders: orders.v1", """
            sidecars:
              kafka: {security: {protocol: SSL, caSecret: authority}, properties: {socket.timeout.ms: 30000, ssl.cipher.suites: HIGH}}
              relay: {enabled: false}
              agent:
                group: billing
                drainTimeout: 45s
                appAddress: unix:/run/app/grpc.sock
                defaults: {attempts: 5, max-message: 1Mi}
                settings: {log-level: debug, create-topics: false, commit-completions: 1000000, max-buffer: 16Mi}
            """);
        Assert.That(options.Source.Group, Is.EqualTo("billing"));
        Assert.That(options.Source.DrainTimeout, Is.EqualTo(TimeSpan.FromSeconds(45)));
        Assert.That(options.Subscriptions[0].Delivery.AppAddress, Is.EqualTo("unix:/run/app/grpc.sock"));
        Assert.That(options.Subscriptions[0].Delivery.Attempts, Is.EqualTo(5));
        Assert.That((options.LogLevel, options.CreateTopics), Is.EqualTo(("debug", false)));
        Assert.That(options.Commit.Completions, Is.EqualTo(1_000_000), "no exponent");
        Assert.That(options.Source.MaxBufferBytes, Is.EqualTo(16 * 1024 * 1024));
        Assert.That(options.Source.Security.Protocol, Is.EqualTo(Protection.Tls));
        Assert.That(options.Source.Security.Directory, Is.EqualTo("/etc/sidecar/kafka"));
        Assert.That(options.Source.Properties, Is.SupersetOf(new Dictionary<string, string>
        {
            ["socket.timeout.ms"] = "30000",
            ["ssl.cipher.suites"] = "HIGH",
        }));
    }

    [Test]
    public async Task Null_takes_away_what_an_earlier_file_said()
    {
        var options = await AgentAsync("orders: {topics: [orders.v1], attempts: 3, rate-limit: 5}", """
            sidecars:
              agent:
                settings: {log-level: debug, max-buffer: 16Mi, create-topics: false}
                defaults: {ordering: none, window: 200}
              relay: {settings: {lease: 9s}}
            """, """
            sidecars:
              agent:
                subscriptions: {orders: {attempts: null, rate-limit: null}}
                settings: {log-level: null, max-buffer: null, create-topics: null}
                defaults: {ordering: null}
                drainTimeout: null
                appAddress: null
              relay: {settings: {lease: null}}
            """);
        var one = options.Subscriptions.Single();
        Assert.That((one.Delivery.Attempts, one.Dispatch.RateLimit), Is.EqualTo((8, 0)));
        Assert.That((options.LogLevel, options.CreateTopics), Is.EqualTo(("information", true)));
        Assert.That(one.Dispatch.Ordering, Is.EqualTo(Ordering.Key));
        Assert.That(one.Dispatch.Window, Is.EqualTo(200));
        Assert.That(options.Source.DrainTimeout, Is.EqualTo(TimeSpan.FromSeconds(20)));
        Assert.That(one.Delivery.AppAddress, Is.EqualTo("127.0.0.1:50051"));
    }

    [Test]
    public async Task Brokers_may_have_addresses_of_version_six()
    {
        const string brokers = "[fd00::1]:9092,kafka:9093";
        var options = await AgentAsync("orders: orders.v1", $"sidecars: {{kafka: {{bootstrapServers: \"{brokers}\"}}}}");
        Assert.That(options.Source.BootstrapServers, Is.EqualTo(brokers));

        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both,
            $"sidecars: {{kafka: {{bootstrapServers: \"{brokers}\"}}, networkPolicy: {{enabled: true}}}}",
            "sidecars: {relay: {postgres: {existingSecret: null}, sqlite: {path: /data/app.db, volume: data}}}");
        var (relay, errors) = Settings.Read(
            Settings.All, ["bootstrap-servers"], _ => null,
            name => name == "SIDECAR_NAMESPACE" ? "shop" : made.Variables("sidecar-relay").GetValueOrDefault(name));
        Assert.That(errors, Is.Empty);
        Assert.That(relay.Relay.Publish.BootstrapServers, Is.EqualTo(brokers));
        Assert.That(made.One("NetworkPolicy")["spec"]!.ToJsonString(), Does.Contain("9092").And.Contain("9093"));
    }

    [Test]
    public async Task The_relay_reads_what_its_container_says()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both, """
            sidecars:
              relay:
                postgres: {existingSecret: "", key: postgres}
                sqlite: {path: /data/app.db, volume: data}
                metricsPort: 14999
                settings: {on-refused: park, window-rows: 100000, max-message-bytes: 2097152, lease: 9s, log-level: debug, log-format: text}
            """);
        var variables = made.Variables("sidecar-relay");
        var (options, errors) = Settings.Read(
            Settings.All, [Settings.AnyDatabase, "bootstrap-servers"], _ => null,
            name => name == "SIDECAR_NAMESPACE" ? "shop" : variables.GetValueOrDefault(name));
        Assert.That(errors, Is.Empty);
        Assert.That(variables.Keys, Is.SubsetOf(Settings.All.Select(setting => setting.Variable)), "a variable that nobody reads");
        Assert.That(options.Relay.Store.SqlitePath, Is.EqualTo("/data/app.db"));
        Assert.That(options.Relay.Store.WindowRows, Is.EqualTo(100_000));
        Assert.That(options.Relay.Publish.MaxMessageBytes, Is.EqualTo(2_097_152));
        Assert.That(options.Relay.Publish.OnRefused, Is.EqualTo(OnRefused.Park));
        Assert.That(options.Relay.Publish.Source, Is.EqualTo("/shop/demo-all"));
        Assert.That(options.Hosting.MetricsPort, Is.EqualTo(14999));
    }

    [Test]
    public async Task The_relay_finds_its_database_in_the_mounted_secret()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both, "sidecars: {relay: {postgres: {key: relay-uri}}}");
        var mount = Manifests.Named(made.Container("sidecar-relay")["volumeMounts"], "sidecar-outbox")!;
        var volume = Manifests.Named(made.Pod["spec"]!["volumes"], "sidecar-outbox")!["secret"]!;
        var file = volume["items"]![0]!["path"]!.GetValue<string>();
        Assert.That(volume["items"]![0]!["key"]!.GetValue<string>(), Is.EqualTo("relay-uri"));
        Assert.That(made.Variables("sidecar-relay")["SIDECAR_OUTBOX_POSTGRES_FILE"],
            Is.EqualTo($"{mount["mountPath"]!.GetValue<string>()}/{file}"));
    }

    /// <summary>Renders, writes the annotations as the kubelet does, and reads both as the agent does.</summary>
    private static async Task<AgentOptions> AgentAsync(string subscriptions, params string[] more)
    {
        var charts = await OncePerRun.Charts;
        var indented = string.Join('\n', subscriptions.Split('\n').Select(line => "      " + line));
        var made = await charts.RenderAsync(
            charts.All, [Rig.Charts.Both, $"sidecars:\n  agent:\n    subscriptions:\n{indented}\n", .. more]);
        var lines = made.Annotations.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={Quote(pair.Value)}");
        var environment = new Dictionary<string, string>(made.Variables("sidecar-agent"))
        {
            ["SIDECAR_NAMESPACE"] = "shop",
        };
        Assert.That(environment["SIDECAR_ANNOTATIONS"], Is.EqualTo("/etc/sidecar/podinfo/annotations"));
        var file = charts.Write(string.Join('\n', lines), "annotations");
        var result = Configuration.Load(new ConfigurationSources(file, null, environment, []));
        Assert.That(result.Errors, Is.Empty, string.Join('\n', result.Errors));
        Assert.That(result.Warnings, Is.Empty);
        return result.Resolved!.Options;
    }

    /// <summary>As Go quotes it: printable characters, quotes, backslashes and newlines are all that a values file holds here.</summary>
    private static string Quote(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + "\"";
}
