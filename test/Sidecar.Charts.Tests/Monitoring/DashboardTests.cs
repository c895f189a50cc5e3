using System.Text.Json.Nodes;
using Sidecar.Charts.Tests.Rig;
using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Monitoring;

/// <summary>The dashboard: every panel asks for what is there.</summary>
[TestFixture]
internal sealed class DashboardTests
{
    private static readonly string File = Repository.At("charts", "sidecar", "files", "dashboard.json");

    private static readonly JsonNode Dashboard = JsonNode.Parse(System.IO.File.ReadAllText(File))!;

    private static List<string> Queries => [.. Dashboard["panels"]!.AsArray().SelectMany(panel => panel!["targets"]?.AsArray() ?? [])
        .Select(target => target!["expr"]!.GetValue<string>())];

    [Test]
    public void Every_query_asks_for_metrics_and_labels_that_exist()
    {
        Assert.That(Queries, Has.Count.GreaterThan(30));
        var problems = Queries.SelectMany(Query.Check).ToList();
        Assert.That(problems, Is.Empty, string.Join('\n', problems));
    }

    [Test]
    public void Every_query_heeds_the_variables() => Assert.That(Queries, Has.All.Contains("$namespace").And.All.Contains("$service"));

    [Test]
    public void Every_panel_says_what_it_shows_and_has_its_own_id()
    {
        var panels = Dashboard["panels"]!.AsArray();
        Assert.That(panels.Select(panel => panel!["id"]!.GetValue<int>()), Is.Unique);
        Assert.That(panels.Where(panel => panel!["type"]!.GetValue<string>() != "row")
            .Select(panel => panel!["description"]?.GetValue<string>()), Has.All.Length.GreaterThan(10));
    }

    [Test]
    public async Task Prometheus_can_read_every_query()
    {
        Tool.Promtool.Require();
        var charts = await OncePerRun.Charts;
        var rules = new JsonArray([.. Queries.Select((query, number) =>
            new JsonObject { ["record"] = $"panel:{number}", ["expr"] = Query.FillIn(query) })]);
        var file = charts.Write(new JsonObject
        {
            ["groups"] = new JsonArray(new JsonObject { ["name"] = "dashboard", ["rules"] = rules }),
        }.ToJsonString(), "json");
        var answer = await Tool.Promtool.RunAsync(["check", "rules", file]);
        Assert.That(answer.ExitCode, Is.Zero, answer.Output + answer.Errors);
    }

    [Test]
    public async Task The_config_map_holds_the_file_as_it_is()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both, "sidecars: {metrics: {dashboard: {enabled: true}}}");
        var map = made.One("ConfigMap");
        Assert.That(map["data"]!["sidecar.json"]!.GetValue<string>().Trim(), Is.EqualTo(System.IO.File.ReadAllText(File).Trim()));
        Assert.That(map["metadata"]!["labels"]!["grafana_dashboard"]!.GetValue<string>(), Is.EqualTo("1"));
    }

    [Test]
    public async Task Promtool_has_no_complaint_about_the_metrics()
    {
        Tool.Promtool.Require();
        var charts = await OncePerRun.Charts;
        var shell = new Tool("bash", "bash");
        foreach (var page in await Exposed.PagesAsync())
        {
            Assert.That(page, Does.Contain("# TYPE"));
            var answer = await shell.RunAsync(["-c", "exec \"$0\" check metrics <\"$1\"", Tool.Promtool.Path!, charts.Write(page, "prom")]);
            Assert.That(answer.ExitCode, Is.Zero, answer.Output + answer.Errors);
        }
    }
}
