using System.Text.Json.Nodes;
using Sidecar.Agent.Commands;
using Sidecar.Charts.Tests.Rig;
using Sidecar.OutboxRelay.Hosting;
using Sidecar.TestKit;
using CommandLine = Sidecar.Agent.Commands.CommandLine;

namespace Sidecar.Charts.Tests.Values;

/// <summary>The schema knows what the programs know, no less and no more; values, schema and README say the same.</summary>
[TestFixture]
internal sealed class SchemaTests
{
    private static readonly string[] Security = ["kafka-security-protocol", "kafka-sasl-mechanism", "kafka-credentials"];

    // Said by values of the chart's own, since the pod has to agree with them.
    private static readonly string[] OfTheChart =
        ["service", "namespace", "group", "bootstrap-servers", "app-address", "drain-timeout", "metrics-port", "admin-port",
            .. Security];

    private static readonly string[] OfTheChartForTheRelay =
        ["sqlite", "postgres", "postgres-file", "bootstrap-servers", "service", "namespace", "metrics-port", "metrics-address",
            .. Security];

    private static readonly JsonNode Schema =
        JsonNode.Parse(File.ReadAllText(Repository.At("charts", "sidecar", "values.schema.json")))!;

    [Test]
    public async Task A_subscription_has_the_fields_that_the_agent_supports()
    {
        var fields = (await ExplainedAsync()).Subscription;
        Assert.That(Names(Schema["definitions"]!["subscription"]!), Is.EquivalentTo(fields));
        Assert.That(Names(Property("agent", "defaults")), Is.EquivalentTo(fields.Except(["topics"])));
    }

    [Test]
    public async Task The_agents_settings_are_those_that_it_supports() => Assert.That(
        Names(Property("agent", "settings")), Is.EquivalentTo((await ExplainedAsync()).Process.Except(OfTheChart)));

    [Test]
    public void The_relays_settings_are_its_flags() => Assert.That(
        Names(Property("relay", "settings")),
        Is.EquivalentTo(Settings.All.Select(setting => setting.Name).Except(OfTheChartForTheRelay)));

    [Test]
    public void What_may_be_off_in_the_schema_is_turned_from_false_in_the_templates()
    {
        var mayBeOff = Schema["definitions"]!["subscription"]!["properties"]!.AsObject()
            .Concat(Property("agent", "settings")["properties"]!.AsObject())
            .Where(pair => pair.Value!.ToJsonString().Contains("[\"off\",false]", StringComparison.Ordinal)).Select(pair => pair.Key);
        var turned = File.ReadAllLines(Repository.At("charts", "sidecar", "templates", "_names.tpl"))
            .Single(line => line.Contains("\"retry-budget\"", StringComparison.Ordinal));
        Assert.That(mayBeOff.Where(name => !turned.Contains($"\"{name}\"", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task Every_field_and_setting_may_be_taken_away_by_a_later_file()
    {
        var charts = await OncePerRun.Charts;
        var subscription = Names(Schema["definitions"]!["subscription"]!).Except(["topics"]);
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both, $$$"""
            sidecars:
              agent:
                subscriptions: {orders: {topics: [orders.v1], {{{Nulls(subscription)}}}}}
                defaults: {{{{Nulls(Names(Property("agent", "defaults")))}}}}
                settings: {{{{Nulls(Names(Property("agent", "settings")))}}}}
              relay: {settings: {{{{Nulls(Names(Property("relay", "settings")))}}}}}
            """);
        Assert.That(made.Annotations.Keys, Is.EquivalentTo(new[] { "sidecar.events/app-address", "sidecar.events/subscription.orders" }));
        Assert.That(made.Annotations["sidecar.events/subscription.orders"], Is.EqualTo("""{"topics":["orders.v1"]}"""));
        Assert.That(made.Text, Does.Not.Contain("null"));
    }

    [Test]
    public void Every_object_of_the_schema_is_closed()
    {
        var open = new List<string>();
        Walk(Schema, "", open);
        Assert.That(open, Is.Empty);
    }

    [Test]
    public void Every_value_is_in_the_schema_and_described_in_the_readme()
    {
        var values = Manifests.Parse(File.ReadAllText(Repository.At("charts", "sidecar", "values.yaml")))[0];
        var readme = File.ReadAllLines(Repository.At("charts", "sidecar", "README.md"));
        var keys = new List<string>();
        Keys(values, Schema, "", keys);
        Assert.That(keys, Has.Count.GreaterThan(60));
        foreach (var key in keys)
        {
            var row = readme.SingleOrDefault(line => line.StartsWith($"| {key} |", StringComparison.Ordinal));
            Assert.That(row, Is.Not.Null, $"{key} is not in the README: run helm-docs -c charts -s file");
            Assert.That(row!.Split('|')[^2].Trim(), Is.Not.Empty, $"{key} is not described");
        }
    }

    [Test]
    public async Task The_readmes_are_what_helm_docs_makes()
    {
        var answer = await Tool.HelmDocs.RunAsync(["-c", Repository.At("charts"), "-s", "file", "--dry-run"]);
        foreach (var chart in (string[])["sidecar", "example-service"])
        {
            var readme = File.ReadAllText(Repository.At("charts", chart, "README.md")).Trim();
            Assert.That(answer.Output, Does.Contain(readme), $"{chart}: run helm-docs -c charts -s file");
        }
    }

    /// <summary>The fields that <c>agent explain</c> lists and that work.</summary>
    internal static async Task<(List<string> Process, List<string> Subscription)> ExplainedAsync()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exit = await CommandLine.InvokeAsync(["explain"], output, error, new Dictionary<string, string>());
        Assert.That(exit, Is.EqualTo(ExitCodes.Ok), error.ToString());
        var parts = output.ToString().Split("Of a subscription");
        return (Fields(parts[0]), Fields(parts[1]));
    }

    private static List<string> Fields(string text) => [.. text.Split('\n')
        .Where(line => line.StartsWith("  ", StringComparison.Ordinal) && !line.Contains("(not supported yet)"))
        .Select(line => line.Trim().Split(' ')[0]).Where(name => !name.Contains('<'))];

    private static string Nulls(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"{name}: null"));

    private static JsonNode Property(string section, string name) => Schema["properties"]![section]!["properties"]![name]!;

    private static IEnumerable<string> Names(JsonNode node) => node["properties"]!.AsObject().Select(pair => pair.Key);

    private static void Walk(JsonNode? node, string path, List<string> open)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list) Walk(item, path, open);
        }

        if (node is not JsonObject map) return;
        if (map.ContainsKey("properties") && map["type"] is not null && map["additionalProperties"]?.ToString() != "false") open.Add(path);
        foreach (var (key, value) in map) Walk(value, $"{path}/{key}", open);
    }

    /// <summary>The paths of what helm-docs makes a row of.</summary>
    private static void Keys(JsonNode values, JsonNode schema, string path, List<string> keys)
    {
        foreach (var (key, value) in values.AsObject())
        {
            var here = path.Length == 0 ? key : $"{path}.{key}";
            var known = schema["properties"]?[key];
            Assert.That(known, Is.Not.Null, $"{here} is not in the schema");
            var isImage = known!["$ref"]?.GetValue<string>() == "#/definitions/image";
            if (isImage) Keys(value!, Schema["definitions"]!["image"]!, here, keys);
            else if (value is JsonObject { Count: > 0 } map && known["properties"] is not null) Keys(map, known, here, keys);
            else keys.Add(here);
        }
    }
}
