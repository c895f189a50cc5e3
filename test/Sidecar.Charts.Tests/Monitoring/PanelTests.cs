using System.Text.Json.Nodes;
using Sidecar.Charts.Tests.Rig;
using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Monitoring;

/// <summary>The dashboard on a real Prometheus that has scraped the real programs, in every trouble that it shows.</summary>
[TestFixture]
internal sealed class PanelTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly JsonNode Dashboard = JsonNode.Parse(
        File.ReadAllText(Repository.At("charts", "sidecar", "files", "dashboard.json")))!;

    [Test]
    public async Task Every_query_of_every_panel_has_an_answer()
    {
        Tool.Prometheus.Require();
        await using var line = await TroubledLine.StartAsync();
        await using var prometheus = await PrometheusServer.StartAsync([.. line.MetricsPorts]);
        var open = Queries().ToList();
        var count = open.Count;
        Assert.That(count, Is.GreaterThan(30));
        try
        {
            await Until.TrueAsync(
                async () =>
                {
                    foreach (var one in open.ToList())
                    {
                        if (await prometheus.AskAsync(Query.FillIn(one.Query)) > 0) open.Remove(one);
                    }

                    return open.Count == 0;
                },
                Patience, "every query has an answer");
        }
        catch (TimeoutException)
        {
            Assert.Fail("no answer to:\n" + string.Join('\n', open.Select(one => $"{one.Panel}: {one.Query}")));
        }

        await TestContext.Out.WriteLineAsync($"{count} queries of {Queries().DistinctBy(one => one.Panel).Count()} panels have an answer");
    }

    private static IEnumerable<(string Panel, string Query)> Queries() => Dashboard["panels"]!.AsArray()
        .SelectMany(panel => (panel!["targets"]?.AsArray() ?? [])
            .Select(target => (panel["title"]!.GetValue<string>(), target!["expr"]!.GetValue<string>())));
}
