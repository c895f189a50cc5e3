using Sidecar.Charts.Tests.Rig;

namespace Sidecar.Charts.Tests.Cluster;

/// <summary>
/// A Kubernetes that admits objects: the one of <c>TEST_KUBECONFIG</c>, else the kube-rig that runs already, else one of our
/// own, which is stopped at the end. Where there is none, the test is skipped.
/// </summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private const int RigPort = 16443;

    private readonly string? rig;
    private readonly IReadOnlyDictionary<string, string?> environment;

    private ApiServer(string kubeconfig, string? rig)
    {
        this.rig = rig;
        environment = new Dictionary<string, string?> { ["KUBECONFIG"] = kubeconfig };
    }

    public static async Task<ApiServer> StartAsync()
    {
        Tool.Kubectl.Require();
        if (Environment.GetEnvironmentVariable("TEST_KUBECONFIG") is { Length: > 0 } given) return new ApiServer(given, null);
        Tool.KubeRig.Require();
        var running = await Tool.KubeRig.RunAsync(["kubeconfig"]);
        if (running.ExitCode == 0 && IsTaken()) return new ApiServer(running.Output.Trim(), null);
        if (IsTaken()) Assert.Ignore($"port {RigPort} is taken, by another kube-rig: only one runs at a time");

        var folder = Directory.CreateTempSubdirectory("sidecar-kube-").FullName;
        var started = await Tool.KubeRig.RunAsync(["up", "--dir", folder]);
        Assert.That(started.ExitCode, Is.Zero, started.Errors);
        return new ApiServer(started.Output.Trim(), folder);
    }

    public Task<Answer> KubectlAsync(params string[] arguments) => Tool.Kubectl.RunAsync(arguments, environment: environment);

    /// <summary>What must succeed.</summary>
    public async Task<string> DoAsync(params string[] arguments)
    {
        var answer = await KubectlAsync(arguments);
        Assert.That(answer.ExitCode, Is.Zero, answer.Errors);
        return answer.Output;
    }

    public async ValueTask DisposeAsync()
    {
        if (rig is not null) await Tool.KubeRig.RunAsync(["down", "--dir", rig]);
    }

    private static bool IsTaken() => System.Net.NetworkInformation.IPGlobalProperties.GetIPGlobalProperties()
        .GetActiveTcpListeners().Any(listener => listener.Port == RigPort);
}
