using Sidecar.Charts.Tests.Rig;
using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Node;

/// <summary>The images of the repository's Dockerfile, under the names that the charts give them.</summary>
internal static class Images
{
    private static readonly (string Target, string Image)[] All =
        [("agent", "sidecar-agent:0.1.0"), ("outbox-relay", "sidecar-outbox-relay:0.1.0"), ("orders", "orders:0.1.0")];

    private static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(20);

    /// <summary>
    /// Builds them with the local engine and puts them on the node; skips where there is no engine. With
    /// <c>SIDECAR_IMAGES=loaded</c> those are taken that the node has already.
    /// </summary>
    public static async Task PrepareAsync(NodeRig rig)
    {
        if (Environment.GetEnvironmentVariable("SIDECAR_IMAGES") == "loaded") return;
        if (Tool.Docker.Path is null || (await Tool.Docker.RunAsync(["info"])).ExitCode != 0)
            Assert.Ignore("there is no Docker engine to build the images with");
        foreach (var (target, image) in All)
        {
            var built = await Tool.Docker.RunAsync(
                ["build", "--network=host", "--target", target, "--tag", image, "."], Repository.Root, timeout: BuildTimeout);
            Assert.That(built.ExitCode, Is.Zero, built.Output + built.Errors);
        }

        await rig.LoadAsync(All.Select(one => one.Image));
    }
}
