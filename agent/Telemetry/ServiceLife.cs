using Prometheus;

namespace Sidecar.Agent.Telemetry;

/// <summary>What must be reached before the agent, and with it its pod, is ready.</summary>
public enum ReadinessGate
{
    /// <summary>Nothing: a sidecar's readiness is its pod's, and the application serves others too.</summary>
    None,

    /// <summary>A broker has answered.</summary>
    Kafka,

    /// <summary>The group has given this member its share of the partitions, which may be none.</summary>
    Assigned,
}

/// <summary>
/// How far the agent is in its life: from the start over its place in the group to the drain. The consume thread tells, any
/// may ask. What was reached stays reached: an outage of Kafka must not make every pod of a service unready at once.
/// </summary>
public sealed class ServiceLife(Gauge drain)
{
    private volatile bool hasKafka;
    private volatile bool hasShare;
    private volatile string? drained;

    /// <summary>A broker has answered.</summary>
    public void Connected() => hasKafka = true;

    /// <summary>The group has given partitions, or told that there are none left.</summary>
    public void Assigned() => (hasKafka, hasShare) = (true, true);

    /// <summary>Nothing new begins; what is in flight is finished.</summary>
    public void Draining()
    {
        drained = "draining: nothing new begins, what is in flight is finished";
        drain.Set(1);
    }

    /// <summary>The group has been left for good.</summary>
    public void Drained()
    {
        drained = "drained: the group is left, other pods have the partitions; waiting for the end of the pod";
        drain.Set(2);
    }

    /// <summary>What the drain has come to; null: there is none.</summary>
    public string? DrainState => drained;

    /// <summary>Why the agent is not ready; null: it is.</summary>
    public string? NotReady(ReadinessGate gate) => gate switch
    {
        ReadinessGate.None => null,
        ReadinessGate.Kafka => drained ?? (hasKafka ? null : "not ready: no broker has answered yet (gate: kafka)"),
        ReadinessGate.Assigned => drained ?? (hasShare ? null : "not ready: the group has given no partitions yet (gate: assigned)"),
    };
}
