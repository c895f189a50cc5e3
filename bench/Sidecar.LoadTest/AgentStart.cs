using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.LoadTest;

/// <summary>An agent with one subscription, and where it reads and delivers.</summary>
/// <param name="Kafka">Where it reads.</param>
/// <param name="Topic">What it reads.</param>
/// <param name="Address">Where the application listens.</param>
/// <param name="Fields">Further fields of the subscription, as in the compact annotation: <c>name=value; ...</c>.</param>
internal sealed record AgentStart(KafkaServer Kafka, string Topic, string Address, string Fields)
{
    /// <summary>With the service's name it is the group: agents of one namespace share the partitions.</summary>
    public string Namespace { get; init; } = $"bench-{Environment.ProcessId}";

    /// <summary>Starts one; returns when it is live.</summary>
    /// <param name="folder">Where its annotations are written.</param>
    public async Task<Started> StartAsync(string folder)
    {
        var annotations = Path.Combine(folder, "annotations");
        await File.WriteAllTextAsync(annotations, $"sidecar.events/subscription.load=\"{Topic}; {Fields}\"\n");
        return await Started.StartAsync(
            Programs.Agent, ["run", "--annotations", annotations, "--app-address", Address], Variables, "sidecar_");
    }

    private Dictionary<string, string?> Variables => new()
    {
        ["SIDECAR_SERVICE"] = "load",
        ["SIDECAR_ADMIN_PORT"] = "0",
        ["SIDECAR_NAMESPACE"] = Namespace,
        ["SIDECAR_BOOTSTRAP_SERVERS"] = Kafka.BootstrapServers,
    };
}
