using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sidecar.Charts.Tests.Rig;
using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Monitoring;

/// <summary>The alerts, as the chart renders them.</summary>
[TestFixture]
internal sealed class AlertTests
{
    private const string WithRules = "sidecars: {metrics: {rules: {enabled: true}}}";

    [Test]
    public async Task Every_alert_asks_for_metrics_and_labels_that_exist()
    {
        var problems = (await AlertsAsync()).SelectMany(alert => Query.Check(alert["expr"]!.GetValue<string>())).ToList();
        Assert.That(problems, Is.Empty, string.Join('\n', problems));
    }

    [Test]
    public async Task Every_alert_has_a_section_in_the_operations_page()
    {
        var sections = File.ReadAllLines(Repository.At("docs", "OPERATIONS.md"))
            .Where(line => line.StartsWith('#')).Select(line => line.TrimStart('#', ' ').ToLowerInvariant()).ToHashSet();
        foreach (var alert in await AlertsAsync())
        {
            var name = alert["alert"]!.GetValue<string>();
            Assert.That(sections, Does.Contain(name.ToLowerInvariant()), name);
            Assert.That(alert["annotations"]!["runbook_url"]!.GetValue<string>(),
                Is.EqualTo($"docs/OPERATIONS.md#{name.ToLowerInvariant()}"));
            Assert.That(alert["labels"]!["severity"]!.GetValue<string>(), Is.AnyOf("critical", "warning"));
        }
    }

    [Test]
    public async Task Every_alert_fires_in_one_of_the_unit_tests()
    {
        var tests = Manifests.Parse(File.ReadAllText(Tests))[0]["tests"]!.AsArray();
        var fired = tests.SelectMany(test => test!["alert_rule_test"]?.AsArray() ?? [])
            .Where(expected => expected!["exp_alerts"]!.AsArray().Count > 0)
            .Select(expected => expected!["alertname"]!.GetValue<string>()).ToHashSet();
        Assert.That((await AlertsAsync()).Select(alert => alert["alert"]!.GetValue<string>()), Is.SubsetOf(fired));
    }

    [Test]
    public async Task Promtool_finds_nothing_and_the_unit_tests_pass()
    {
        Tool.Promtool.Require();
        var charts = await OncePerRun.Charts;
        var rules = charts.Write(Indent((await RuleAsync())["spec"]!), "json");
        var check = await Tool.Promtool.RunAsync(["check", "rules", rules]);
        Assert.That(check.ExitCode, Is.Zero, check.Output + check.Errors);

        var tests = File.ReadAllText(Tests).Replace("JOB", "shop/demo-all-sidecar", StringComparison.Ordinal);
        var answer = await Tool.Promtool.RunAsync(["test", "rules", charts.Write($"rule_files: [{rules}]\n{tests}", "yaml")]);
        Assert.That(answer.ExitCode, Is.Zero, answer.Output + answer.Errors);
    }

    [Test]
    public async Task The_job_of_the_alerts_is_the_one_that_the_pod_monitor_makes()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both, WithRules, "sidecars: {metrics: {podMonitor: {enabled: true}}}");
        var job = $"shop/{made.One("PodMonitor")["metadata"]!["name"]!.GetValue<string>()}";
        Assert.That(made.One("PrometheusRule")["spec"]!.ToJsonString(Plain), Does.Contain($"job=\\\"{job}\\\""));
    }

    [Test]
    public async Task The_limits_and_the_selector_are_the_values_own()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both, WithRules,
            "sidecars: {metrics: {rules: {lagSeconds: 42, selector: 'app=\"x\"', runbookUrl: 'https://runbooks/'}}}");
        var text = made.One("PrometheusRule")["spec"]!.ToJsonString(Plain);
        Assert.That(text, Does.Contain("> 42").And.Contain("{app=\\\"x\\\"}").And.Contain("https://runbooks/sidecarbehind"));
        Assert.That(text, Does.Not.Contain("@").And.Not.Contain("job="));
    }

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string Tests => Repository.At("test", "Sidecar.Charts.Tests", "Monitoring", "alerts.test.yaml");

    private static string Indent(JsonNode node) => node.ToJsonString(Plain);

    private static async Task<JsonNode> RuleAsync()
    {
        var charts = await OncePerRun.Charts;
        return (await charts.RenderAsync(charts.All, Rig.Charts.Both, WithRules)).One("PrometheusRule");
    }

    private static async Task<List<JsonNode>> AlertsAsync()
    {
        var groups = (await RuleAsync())["spec"]!["groups"]!.AsArray();
        var alerts = groups.SelectMany(group => group!["rules"]!.AsArray()).OfType<JsonNode>().ToList();
        Assert.That(alerts, Has.Count.GreaterThan(15));
        return alerts;
    }
}
