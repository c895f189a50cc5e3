using Microsoft.Extensions.Logging;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Dispatch;

/// <summary>Says what becomes of resends: to the log, the metrics and the waits.</summary>
public sealed class ResendReport(ILogger<ResendReport> logger, AgentMetrics metrics, Waits waits, string subscription)
{
    private readonly SharedWait wait = new(waits, $"retries-write:{subscription}");

    /// <summary>A copy is acknowledged.</summary>
    internal void Written(string topic, Provenance provenance)
    {
        metrics.Resends.WithLabels(subscription, topic, provenance.Outcome).Inc();
        wait.Over();
        Log.Resent(logger, subscription, provenance.Origin, topic, provenance.Outcome, provenance.Attempts, provenance.Reason);
    }

    /// <summary>A copy could not be written; it is tried again.</summary>
    internal void Fails(QueuedEvent queued, string topic, string reason)
    {
        var from = queued.Worker;
        wait.For(
            queued, $"an event of {from.Topic}/{from.Partition} cannot be put into {topic}: {reason}. It stays undone, and its key waits");
    }

    /// <summary>The copy of an event is not tried again: its partition went, or stands.</summary>
    internal void GivesUp(QueuedEvent queued) => wait.GiveUp(queued);

    /// <summary>The topic will never take the record as it is.</summary>
    internal void TooLarge(string topic, Provenance provenance, string reason) =>
        Log.ResendTooLarge(logger, subscription, provenance.Origin, topic, reason);
}
