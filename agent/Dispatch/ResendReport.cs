using Microsoft.Extensions.Logging;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Dispatch;

/// <summary>Says what becomes of resends: to the log, the metrics and the waits.</summary>
public sealed class ResendReport(ILogger<ResendReport> logger, AgentMetrics metrics, Waits waits, string subscription)
{
    private string What => $"retries-write:{subscription}";

    /// <summary>A copy is acknowledged.</summary>
    internal void Written(string topic, Provenance provenance)
    {
        metrics.Resends.WithLabels(subscription, topic, provenance.Outcome).Inc();
        waits.Over(What);
        Log.Resent(logger, subscription, provenance.Origin, topic, provenance.Outcome, provenance.Attempts, provenance.Reason);
    }

    /// <summary>A copy could not be written; it is tried again.</summary>
    internal void Fails(string topic, string from, int partition, string reason) => waits.For(
        What, $"an event of {from}/{partition} cannot be put into {topic}: {reason}. It stays undone, and its key waits");

    /// <summary>The topic will never take the record as it is.</summary>
    internal void TooLarge(string topic, Provenance provenance, string reason) =>
        Log.ResendTooLarge(logger, subscription, provenance.Origin, topic, reason);
}
