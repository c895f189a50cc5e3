namespace Sidecar.Charts.Tests.Values;

/// <summary>The charts as they are.</summary>
[TestFixture]
internal sealed class LintTests
{
    [Test]
    public async Task The_library_and_the_example_have_nothing_that_helm_complains_about()
    {
        var charts = await OncePerRun.Charts;
        foreach (var chart in (string[])[charts.Library, charts.Example])
        {
            var answer = await charts.LintAsync(chart);
            Assert.That(answer.ExitCode, Is.Zero, answer.Output + answer.Errors);
        }
    }

    [Test]
    public async Task Rendering_twice_gives_the_same_text()
    {
        var charts = await OncePerRun.Charts;
        var first = await charts.RenderAsync(charts.Example, Full);
        var second = await charts.RenderAsync(charts.Example, Full);
        Assert.That(second.Text, Is.EqualTo(first.Text));
    }

    [Test]
    public async Task What_is_not_asked_for_is_not_made()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both);
        Assert.That(made.Objects.Select(item => item["kind"]!.GetValue<string>()), Is.EqualTo(new[] { "Deployment" }));
    }

    /// <summary>Everything of the example that can be asked for.</summary>
    public const string Full = """
        events:
          metrics: {podMonitor: {enabled: true}, rules: {enabled: true}, dashboard: {enabled: true}}
          autoscaling: {enabled: true}
        """;
}
