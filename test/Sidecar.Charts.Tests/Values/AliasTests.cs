using Sidecar.Charts.Tests.Rig;

namespace Sidecar.Charts.Tests.Values;

/// <summary>The templates find the library under whatever name a chart has it.</summary>
[TestFixture]
internal sealed class AliasTests
{
    [Test]
    public async Task Two_aliases_in_one_chart_are_refused_since_one_would_be_passed_over()
    {
        var charts = await OncePerRun.Charts;
        var twice = Path.Combine(Path.GetDirectoryName(charts.All)!, "twice");
        Directory.CreateDirectory(Path.Combine(twice, "templates"));
        File.Copy(Path.Combine(charts.All, "templates", "all.yaml"), Path.Combine(twice, "templates", "all.yaml"));
        File.Copy(Path.Combine(charts.All, "values.yaml"), Path.Combine(twice, "values.yaml"));
        var chart = await File.ReadAllTextAsync(Path.Combine(charts.All, "Chart.yaml"));
        await File.WriteAllTextAsync(Path.Combine(twice, "Chart.yaml"),
            $"{chart.TrimEnd()}\n  - {{name: sidecar, version: ~0.1.0, repository: file://../sidecar, alias: worker}}\n");
        var update = await Tool.Helm.RunAsync(["dependency", "update", twice]);
        Assert.That(update.ExitCode, Is.Zero, update.Errors);

        var refused = await charts.TryRenderAsync(
            twice, Rig.Charts.Both, Rig.Charts.Both.Replace("sidecars:", "worker:", StringComparison.Ordinal));
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(refused.Errors, Does.Contain("the chart sidecar is a dependency twice, as sidecars and as worker"));
    }
}
