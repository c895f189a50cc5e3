using Microsoft.Extensions.Logging;

namespace Sidecar.OutboxRelay.Telemetry;

/// <summary>What the relay tells the outside, in one hand: instruments, reasons and logs.</summary>
public sealed class RelayTelemetry(TimeProvider time, ILoggerFactory logs)
{
    /// <summary>The clock of the process.</summary>
    public TimeProvider Time => time;

    /// <summary>The instruments.</summary>
    public RelayMetrics Metrics { get; } = new();

    /// <summary>The logs.</summary>
    public ILoggerFactory Logs => logs;

    /// <summary>What is waited for. Made on first use, with the instruments above.</summary>
    public RelayState State => field ??= new RelayState(Metrics, time, logs.CreateLogger<RelayState>());
}
