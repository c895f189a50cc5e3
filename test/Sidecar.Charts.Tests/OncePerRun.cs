using Sidecar.Charts.Tests.Rig;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Postgres;

[assembly: NonParallelizable]

namespace Sidecar.Charts.Tests;

/// <summary>Says what is there, and takes the copy of the charts away at the end.</summary>
[SetUpFixture]
internal sealed class OncePerRun
{
    private static Task<Rig.Charts>? charts;

    /// <summary>The charts, prepared once; skips where there is no helm.</summary>
    public static Task<Rig.Charts> Charts
    {
        get
        {
            Tool.Helm.Require();
            return charts ??= Rig.Charts.PrepareAsync();
        }
    }

    [OneTimeSetUp]
    public void Say() => TestContext.Progress.WriteLine("Tests run against: " + string.Join(", ",
        new[] { Tool.Helm, Tool.HelmDocs, Tool.KubeScore, Tool.Promtool, Tool.Prometheus, Tool.Kubectl, Tool.KubeRig }
            .Select(tool => $"{tool.Name} {(tool.Path is null ? "(absent)" : "")}".Trim())));

    [OneTimeTearDown]
    public async Task CleanAsync()
    {
        await Node.Scene.StopAsync();
        await SharedKafka.StopAsync();
        await SharedPostgres.StopAsync();
        if (charts is not null) (await charts).Dispose();
    }
}
