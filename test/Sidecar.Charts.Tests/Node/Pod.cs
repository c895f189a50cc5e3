using System.Globalization;
using System.Text.Json.Nodes;

namespace Sidecar.Charts.Tests.Node;

/// <summary>A pod as the API shows it.</summary>
internal sealed record Pod(JsonNode Node)
{
    public string Name => Node["metadata"]!["name"]!.GetValue<string>();

    public bool IsEnding => Node["metadata"]!["deletionTimestamp"] is not null;

    public string? Address => Node["status"]?["podIP"]?.GetValue<string>();

    public bool IsReady => !IsEnding && (Node["status"]?["conditions"]?.AsArray() ?? [])
        .Any(condition => condition!["type"]!.GetValue<string>() == "Ready" && condition["status"]!.GetValue<string>() == "True");

    public bool IsStarted(string container) => Status(container)?["started"]?.GetValue<bool>() ?? false;

    /// <summary>How often a container was started again.</summary>
    public int Restarts(string container) => Status(container)?["restartCount"]?.GetValue<int>() ?? 0;

    /// <summary>Why the container ended last, for instance OOMKilled; null: it never did.</summary>
    public string? LastReason(string container) => Last(container)?["reason"]?.GetValue<string>();

    public int? LastExitCode(string container) => Last(container)?["exitCode"]?.GetValue<int>();

    /// <summary>What it wrote into its termination message at its last end, or where it waits now.</summary>
    public string? TerminationMessage(string container) => Last(container)?["message"]?.GetValue<string>();

    /// <summary>The processes of a container, by the groups that the kernel has them in.</summary>
    public IReadOnlyList<int> Processes(string container)
    {
        var id = Status(container)?["containerID"]?.GetValue<string>().Split("://")[^1];
        Assert.That(id, Is.Not.Null, $"{Name} has no container {container} that runs");
        return [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, out _) && Groups(name!).Contains(id!, StringComparison.Ordinal))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))];
    }

    /// <summary>The memory group of a container: its folder.</summary>
    public string MemoryGroup(string container)
    {
        var lines = Groups($"{Processes(container)[0]}").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(':', 3)).ToList();
        var first = lines.Find(line => line[1].Split(',').Contains("memory"));
        return first is not null ? "/sys/fs/cgroup/memory" + first[2] : "/sys/fs/cgroup" + lines.Find(line => line[0] == "0")![2];
    }

    /// <summary>Bytes that the container's group is charged with, without files that could be dropped.</summary>
    public long MemoryBytes(string container)
    {
        var group = MemoryGroup(container);
        var used = new[] { "memory.current", "memory.usage_in_bytes" }.Select(name => Path.Combine(group, name)).First(File.Exists);
        var inactive = File.ReadLines(Path.Combine(group, "memory.stat")).Select(line => line.Split(' '))
            .Where(parts => parts[0] is "inactive_file" or "total_inactive_file")
            .Max(parts => long.Parse(parts[1], CultureInfo.InvariantCulture));
        return long.Parse(File.ReadAllText(used), CultureInfo.InvariantCulture) - inactive;
    }

    private static string Groups(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cgroup");
        }
        catch (IOException)
        {
            return "";
        }
    }

    private JsonNode? Last(string container) =>
        Status(container)?["lastState"]?["terminated"] ?? Status(container)?["state"]?["terminated"];

    private JsonNode? Status(string container) => ((string[])["initContainerStatuses", "containerStatuses"])
        .SelectMany(kind => Node["status"]?[kind]?.AsArray().AsEnumerable() ?? [])
        .FirstOrDefault(status => status!["name"]!.GetValue<string>() == container);
}
