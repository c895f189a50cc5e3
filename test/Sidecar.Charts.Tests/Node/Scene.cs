using Sidecar.Charts.Tests.Rig;

namespace Sidecar.Charts.Tests.Node;

/// <summary>
/// A node with the images of the Dockerfile, Kafka and PostgreSQL on it, and the example service: made once, when the first
/// test asks, since it takes minutes.
/// </summary>
internal sealed class Scene : IAsyncDisposable
{
    private static Task<Scene>? shared;

    private Scene(NodeRig rig, Servers servers, Shop shop)
    {
        Rig = rig;
        Servers = servers;
        Shop = shop;
    }

    public NodeRig Rig { get; }

    public Servers Servers { get; }

    /// <summary>Prepared, and not installed.</summary>
    public Shop Shop { get; }

    /// <summary>Skips unless the long tests are asked for, and where something is missing.</summary>
    public static Task<Scene> GetAsync()
    {
        if (Environment.GetEnvironmentVariable("SIDECAR_FULL") != "1")
            Assert.Ignore("the tests on a node build images and take ten minutes: SIDECAR_FULL=1 runs them");
        Tool.Helm.Require();
        return shared ??= StartAsync();
    }

    public static async Task StopAsync()
    {
        if (shared is { IsCompletedSuccessfully: true }) await (await shared).DisposeAsync();
        shared = null;
    }

    private static async Task<Scene> StartAsync()
    {
        var rig = await NodeRig.StartAsync();
        await Images.PrepareAsync(rig);
        var servers = await Servers.StartAsync();
        var shop = new Shop(rig, servers, (await OncePerRun.Charts).Example, $"shop-{Guid.NewGuid():N}"[..12]);
        await shop.PrepareAsync();
        Report.Begin();
        return new Scene(rig, servers, shop);
    }

    public async ValueTask DisposeAsync()
    {
        await Rig.KubectlAsync("delete", "namespace", Shop.Space);
        await Servers.DisposeAsync();
        await Rig.DisposeAsync();
    }
}
