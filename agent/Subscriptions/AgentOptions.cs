using Sidecar.Agent.Commit;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Source;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Subscriptions;

/// <summary>Everything that is configured, as it is in force.</summary>
public sealed class AgentOptions
{
    /// <summary>
    /// The service that this agent belongs to (<c>SIDECAR_SERVICE</c>). Required unless a group is given.
    /// </summary>
    public string Service { get; set; } = "";

    /// <summary>Its namespace (<c>SIDECAR_NAMESPACE</c>). Required unless a group is given.</summary>
    public string Namespace { get; set; } = "";

    /// <summary>The port of metrics and health, on all addresses. 0: any free port.</summary>
    public int MetricsPort { get; set; } = 14190;

    /// <summary>The port of the commands that act on a running agent, on loopback alone. 0: any free port.</summary>
    public int AdminPort { get; set; } = 14191;

    /// <summary>The port of the gRPC service for the application, on loopback alone. 0: any free port.</summary>
    public int ApiPort { get; set; } = 14192;

    /// <summary>What must be reached before the agent says that it is ready.</summary>
    public ReadinessGate Gate { get; set; }

    /// <summary>Where a wrong configuration is told to Kubernetes; nothing is written where the file is not there.</summary>
    public string TerminationLog { get; set; } = "/dev/termination-log";

    /// <summary>The least level that is logged: verbose, debug, information, warning, error.</summary>
    public string LogLevel { get; set; } = "information";

    /// <summary>Where the application listens, for subscriptions that do not say otherwise.</summary>
    public string AppAddress { get; set; } = new DeliveryOptions().AppAddress;

    /// <summary>Topics of the agent's own that do not exist are created.</summary>
    public bool CreateTopics { get; set; } = true;

    /// <summary>The Kafka consumer.</summary>
    public SourceOptions Source { get; } = new();

    /// <summary>When progress is told to Kafka.</summary>
    public CommitOptions Commit { get; } = new();

    /// <summary>The subscriptions, in the order of their names; at least one.</summary>
    public List<SubscriptionOptions> Subscriptions { get; } = [];

    /// <summary>What was odd in the configuration and did not prevent the start; to be logged once.</summary>
    public IReadOnlyList<string> Warnings { get; set; } = [];
}
