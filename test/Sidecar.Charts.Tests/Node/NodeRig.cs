using System.Text.Json.Nodes;
using Sidecar.Charts.Tests.Rig;
using Sidecar.TestKit.Processes;

namespace Sidecar.Charts.Tests.Node;

/// <summary>
/// A Kubernetes whose pods run: the node that <c>kube-rig up --node</c> has made already, else one of our own, which is
/// stopped at the end.
/// </summary>
internal sealed class NodeRig : IAsyncDisposable
{
    /// <summary>Where pods reach what listens on the node, and the network that they are in.</summary>
    public const string Address = "10.244.0.1";

    public const string PodNetwork = "10.244.0.0/24";

    public const string NodeName = "rig";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestCommand = TimeSpan.FromMinutes(4);

    private readonly string? own;
    private readonly IReadOnlyDictionary<string, string?> environment;

    private NodeRig(string kubeconfig, string? own)
    {
        this.own = own;
        environment = new Dictionary<string, string?> { ["KUBECONFIG"] = kubeconfig };
    }

    private string[] Where => own is null ? [] : ["--dir", own];

    public static async Task<NodeRig> StartAsync()
    {
        Tool.Kubectl.Require();
        Tool.KubeRig.Require();
        var running = await Tool.KubeRig.RunAsync(["kubeconfig"]);
        if (running.ExitCode == 0)
        {
            var there = new NodeRig(running.Output.Trim(), own: null);
            if ((await there.KubectlAsync("get", "node", NodeName)).ExitCode != 0)
                Assert.Ignore("a kube-rig without a node runs already, and only one runs at a time");
            return await there.TellStorageAsync();
        }

        var folder = Directory.CreateTempSubdirectory("sidecar-node-").FullName;
        var started = await Tool.KubeRig.RunAsync(["up", "--node", "--dir", folder], timeout: StartTimeout);
        if (started.ExitCode != 0) Assert.Ignore($"no node could be started here: {started.Errors}");
        return await new NodeRig(started.Output.Split('\n')[^1].Trim(), folder).TellStorageAsync();
    }

    // A kubelet that does not keep pods' storage apart says nothing of it, and what requests some is never scheduled.
    private async Task<NodeRig> TellStorageAsync()
    {
        await DoAsync("patch", "node", NodeName, "--subresource=status", "--type=merge",
            "--patch", """{"status":{"capacity":{"ephemeral-storage":"32Gi"}}}""");
        return this;
    }

    /// <summary>Puts images of the local engine on the node.</summary>
    public async Task LoadAsync(IEnumerable<string> images)
    {
        var loaded = await Tool.KubeRig.RunAsync(["load", .. Where, .. images], timeout: LongestCommand);
        Assert.That(loaded.ExitCode, Is.Zero, loaded.Errors);
    }

    public Task<Answer> KubectlAsync(params string[] arguments) =>
        Tool.Kubectl.RunAsync(arguments, environment: environment, timeout: LongestCommand);

    public Task<Answer> HelmAsync(params string[] arguments) =>
        Tool.Helm.RunAsync(arguments, environment: environment, timeout: LongestCommand);

    /// <summary>kubectl, which must succeed; its output.</summary>
    public async Task<string> DoAsync(params string[] arguments)
    {
        var answer = await KubectlAsync(arguments);
        Assert.That(answer.ExitCode, Is.Zero, $"kubectl {string.Join(' ', arguments)}: {answer.Errors}");
        return answer.Output;
    }

    public async Task<JsonNode> JsonAsync(params string[] arguments) =>
        JsonNode.Parse(await DoAsync([.. arguments, "--output", "json"]))!;

    /// <summary>kubectl that goes on, for instance a watch.</summary>
    public ProgramProcess Watch(params string[] arguments) => Tool.Kubectl.Start(arguments, environment: environment);

    public async ValueTask DisposeAsync()
    {
        if (own is not null) await Tool.KubeRig.RunAsync(["down", .. Where], timeout: LongestCommand);
    }
}
