using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Prometheus;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Dispatch;

/// <summary>Says what becomes of dead letters: to the log, the metrics and the waits.</summary>
public sealed class DeadLetterReport(
    ILogger<DeadLetterReport> logger, AgentMetrics metrics, Waits waits, LetterAddress address, TimeProvider time)
{
    /// <summary>Dead letters that are logged one by one in a minute.</summary>
    public const int LinesPerMinute = 100;

    private readonly LineQuota lines = new(LinesPerMinute, time);
    private readonly FrozenDictionary<string, Counter.Child> written = EndReason.OfLetters.ToFrozenDictionary(
        reason => reason, reason => metrics.DeadLetters.WithLabels(address.Subscription, reason));

    private readonly Counter.Child failures = metrics.DeadLetterFailures.WithLabels(address.Subscription);

    private readonly SharedWait wait = new(waits, $"dead-letters:{address.Subscription}");

    /// <summary>The topic was looked for; null: it is there.</summary>
    internal void TopicIs(string? problem)
    {
        if (problem is null)
        {
            wait.Over();
        }
        else
        {
            // Also while no letter does: that the topic is absent is better known before it is needed.
            wait.For(this, problem);
        }
    }

    /// <summary>A dead letter is acknowledged.</summary>
    internal void Written(Provenance provenance)
    {
        written[provenance.Outcome].Inc();
        wait.Over();
        var share = lines.Next();
        if (share != LogShare.Nothing)
        {
            Log.DeadLettered(
                logger, address.Subscription, provenance.Origin, provenance.Outcome, provenance.Attempts, provenance.Reason);
        }

        if (share == LogShare.LastLine)
        {
            Log.MoreDeadLetters(logger, address.Subscription, LinesPerMinute);
        }
    }

    /// <summary>A dead letter could not be written; it is tried again.</summary>
    internal void Fails(QueuedEvent queued, string reason)
    {
        failures.Inc();
        var from = queued.Worker;
        wait.For(
            queued, $"a dead letter of {from.Topic}/{from.Partition} is not written to {address.Topic}: {reason}. Its event stays undone");
    }

    /// <summary>The dead letter of an event is not tried again: its partition went, or stands.</summary>
    internal void GivesUp(QueuedEvent queued) => wait.GiveUp(queued);

    /// <summary>The dead-letter topic will never take the record as it is.</summary>
    internal void TooLarge(Provenance provenance, string reason)
    {
        failures.Inc();
        Log.LetterTooLarge(logger, address.Subscription, provenance.Origin, address.Topic, reason);
    }
}
