using System.Globalization;

namespace Sidecar.Charts.Tests.Node;

/// <summary>A pod whose annotations are edited while it runs: what its agent sees of them, and what it says.</summary>
internal sealed class EditedPod(NodeRig rig, Shop shop, Pod pod) : IDisposable
{
    private const string Agent = "sidecar-agent";

    private readonly HttpClient page = new() { BaseAddress = new Uri($"http://{pod.Address}:14190") };

    // The link that the kubelet swaps, as the agent's container sees it.
    private readonly FileInfo link = new($"/proc/{pod.Processes(Agent)[0]}/root/etc/sidecar/podinfo/..data");

    /// <summary>Which state of the file the container sees, and since when.</summary>
    public (string? Target, DateTimeOffset Since) State()
    {
        link.Refresh();
        return (link.LinkTarget, new DateTimeOffset(link.LastWriteTimeUtc));
    }

    /// <summary><c>kubectl annotate pod</c>, each key below our prefix; <c>key-</c> takes one away.</summary>
    public Task AnnotateAsync(params string[] annotations) => rig.DoAsync([
        "annotate", "pod", pod.Name, "--namespace", shop.Space, "--overwrite",
        .. annotations.Select(annotation => $"sidecar.events/{annotation}")]);

    /// <summary>The sum of a metric over the lines that hold this label; null where there is none.</summary>
    public async Task<double?> MetricAsync(string name, string label = "")
    {
        var lines = (await page.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n')
            .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal))
            .Where(line => line.Contains(label, StringComparison.Ordinal)).ToList();
        return lines.Count == 0 ? null
            : lines.Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>What <c>agent status</c> prints in the container.</summary>
    public Task<string> StatusAsync() =>
        rig.DoAsync("exec", pod.Name, "--container", Agent, "--namespace", shop.Space, "--", "/app/agent", "status");

    public Task<string> LogAsync() => shop.LogAsync(pod.Name, Agent);

    public void Dispose() => page.Dispose();
}
