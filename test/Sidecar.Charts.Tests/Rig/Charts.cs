using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Rig;

/// <summary>
/// A copy of the charts, with the library put into its users, as <c>helm dependency update</c> does it. Besides the example
/// there is one chart that takes everything the library has, with the library under another alias.
/// </summary>
internal sealed class Charts : IDisposable
{
    /// <summary>Values with which both sidecars are there, for the chart that takes everything.</summary>
    public const string Both = """
        sidecars:
          kafka: {bootstrapServers: "kafka-0:9092,kafka-1:9093"}
          agent: {subscriptions: {orders: orders.v1}}
          relay: {enabled: true, postgres: {existingSecret: database}}
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("sidecar-charts-").FullName;
    private int files;

    private Charts() => Copy(Repository.At("charts"), folder);

    /// <summary>The example service, as it is in the tree.</summary>
    public string Example => Path.Combine(folder, "example-service");

    /// <summary>The chart that takes everything.</summary>
    public string All => Path.Combine(folder, "all");

    public string Library => Path.Combine(folder, "sidecar");

    /// <summary>Skips where there is no helm.</summary>
    public static async Task<Charts> PrepareAsync()
    {
        Tool.Helm.Require();
        var charts = new Charts();
        Copy(Repository.At("test", "Sidecar.Charts.Tests", "all"), charts.All);
        foreach (var chart in (string[])[charts.Example, charts.All])
        {
            var answer = await Tool.Helm.RunAsync(["dependency", "update", chart]);
            Assert.That(answer.ExitCode, Is.Zero, answer.Errors);
        }

        return charts;
    }

    /// <summary>
    /// The objects that a chart makes of these values (YAML, later ones win), for the release <c>demo</c> in <c>shop</c>.
    /// </summary>
    public async Task<Manifests> RenderAsync(string chart, params string[] values)
    {
        var answer = await TryRenderAsync(chart, values);
        Assert.That(answer.ExitCode, Is.Zero, answer.Errors);
        return Manifests.Read(answer.Output);
    }

    /// <summary>The same where helm may refuse.</summary>
    public Task<Answer> TryRenderAsync(string chart, params string[] values) =>
        Tool.Helm.RunAsync(["template", "demo", chart, "--namespace", "shop", .. Files(values)]);

    /// <summary>Without the subcharts: Helm would hold the chart's own values against the library's schema.</summary>
    public Task<Answer> LintAsync(string chart, params string[] values) =>
        Tool.Helm.RunAsync(["lint", "--strict", chart, .. Files(values)]);

    private IEnumerable<string> Files(string[] values) => values.SelectMany(text => new[] { "--values", Write(text, "yaml") });

    /// <summary>A new file beside the charts; its path.</summary>
    public string Write(string text, string extension)
    {
        var path = Path.Combine(folder, $"file-{Interlocked.Increment(ref files)}.{extension}");
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
