using Microsoft.Extensions.Logging;

namespace Sidecar.Agent.Telemetry;

/// <summary>Everything that a stage needs in order to tell what happens: one thing to pass down the line.</summary>
/// <param name="Metrics">All instruments.</param>
/// <param name="Waits">What the agent waits for.</param>
/// <param name="Heartbeat">Whether the consume loop turns.</param>
/// <param name="Logs">Makes loggers.</param>
/// <param name="Time">The clock.</param>
public sealed record AgentTelemetry(
    AgentMetrics Metrics, Waits Waits, Heartbeat Heartbeat, ILoggerFactory Logs, TimeProvider Time)
{
    /// <summary>How far the agent is in its life.</summary>
    public ServiceLife Life { get; } = new(Metrics.Drain);

    /// <summary>A logger named for the type.</summary>
    public ILogger<T> Log<T>() => Logs.CreateLogger<T>();
}
