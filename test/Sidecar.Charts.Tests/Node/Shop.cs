using System.Text.Json.Nodes;
using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Node;

/// <summary>The example service, installed by helm in a namespace that enforces Pod Security <c>restricted</c>.</summary>
internal sealed class Shop(NodeRig rig, Servers servers, string chart, string space)
{
    public const string Release = "shop";

    private const string Deployment = $"{Release}-example-service";

    /// <summary>For a node with little to spare: images take long to start where everything else runs, too.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public string Space => space;

    /// <summary>The same in another namespace, for what is installed wrongly.</summary>
    public Shop In(string other) => new(rig, servers, chart, other);

    /// <summary>What <c>kubectl describe</c> shows of its pods.</summary>
    public Task<string> DescribeAsync() => rig.DoAsync("describe", "pods", "--namespace", space);

    /// <summary>Makes the namespace and the Secret with the connection strings.</summary>
    public async Task PrepareAsync()
    {
        await rig.DoAsync("create", "namespace", space);
        await rig.DoAsync("label", "namespace", space, "pod-security.kubernetes.io/enforce=restricted");
        await rig.DoAsync("create", "secret", "generic", "orders-database", "--namespace", space,
            $"--from-literal=app={servers.ConnectionString("orders")}", $"--from-literal=postgres={servers.ConnectionString("relay")}");
        await Until.TrueAsync(
            async () => (await rig.KubectlAsync("get", "serviceaccount", "default", "--namespace", space)).ExitCode == 0,
            Patience, "the service account of the namespace");
    }

    /// <summary><c>helm upgrade --install</c> with these settings (<c>--set-string</c>).</summary>
    public async Task InstallAsync(int replicas, params string[] settings)
    {
        string[] all = [$"events.kafka.bootstrapServers={servers.Kafka.BootstrapServers}", .. settings];
        var answer = await rig.HelmAsync(["upgrade", "--install", Release, chart, "--namespace", space,
            "--set", $"replicas={replicas}", .. all.SelectMany(setting => new[] { "--set-string", setting })]);
        Assert.That(answer.ExitCode, Is.Zero, answer.Errors);
    }

    public async Task UninstallAsync()
    {
        var answer = await rig.HelmAsync("uninstall", Release, "--namespace", space, "--wait");
        Assert.That(answer.ExitCode, Is.Zero, answer.Errors);
    }

    /// <summary>Its pods, those that are ending included.</summary>
    public async Task<IReadOnlyList<Pod>> PodsAsync()
    {
        var list = await rig.JsonAsync("get", "pods", "--namespace", space);
        return [.. list["items"]!.AsArray().Select(item => new Pod(item!))];
    }

    /// <summary>Waits until just this many pods are there, and all are ready.</summary>
    public Task ReadyAsync(int count) => Until.TrueAsync(
        async () => await PodsAsync() is var pods && pods.Count == count && pods.All(pod => pod.IsReady),
        Patience, $"{count} pods are ready and no other is left");

    public Task ScaleAsync(int replicas) =>
        rig.DoAsync("scale", $"deployment/{Deployment}", $"--replicas={replicas}", "--namespace", space);

    /// <summary>A rolling update, from its start until the old pods are gone.</summary>
    public async Task RollAsync(int replicas)
    {
        await rig.DoAsync("rollout", "restart", $"deployment/{Deployment}", "--namespace", space);
        await rig.DoAsync("rollout", "status", $"deployment/{Deployment}", "--namespace", space, $"--timeout={Patience.TotalSeconds}s");
        await ReadyAsync(replicas);
    }

    /// <summary>Asks for a pod's eviction, as <c>kubectl drain</c> does for each.</summary>
    public async Task EvictAsync(string pod)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, new JsonObject
        {
            ["apiVersion"] = "policy/v1", ["kind"] = "Eviction",
            ["metadata"] = new JsonObject { ["name"] = pod, ["namespace"] = space },
        }.ToJsonString());
        await rig.DoAsync("create", "--raw", $"/api/v1/namespaces/{space}/pods/{pod}/eviction", "--filename", file);
        File.Delete(file);
    }

    /// <summary>What a container of a pod has logged.</summary>
    public Task<string> LogAsync(string pod, string container) =>
        rig.DoAsync("logs", pod, "--container", container, "--namespace", space);

    /// <summary>Waits until as many different events of a run were delivered as were committed.</summary>
    public async Task<Account> SettledAsync(string run)
    {
        Account? account = null;
        try
        {
            await Until.TrueAsync(
                async () => (account = await Account.ReadAsync(servers, run)).Table is { Expected: > 0, Missing: 0 },
                Patience, "every event that was committed has been delivered");
        }
        catch (TimeoutException e)
        {
            Assert.Fail($"{e.Message}:\n{account?.Table}");
        }

        return account!;
    }
}
