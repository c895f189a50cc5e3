using Microsoft.Extensions.Logging;
using Prometheus;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Dispatch;

/// <summary>Says what becomes of dead letters: to the log, the metrics and the waits.</summary>
public sealed class DeadLetterReport(ILogger<DeadLetterReport> logger, AgentMetrics metrics, Waits waits, LetterAddress address)
{
    private readonly Counter.Child failures = metrics.DeadLetterFailures.WithLabels(address.Subscription);

    private string What => $"dead-letters:{address.Subscription}";

    /// <summary>The topic was looked for; null: it is there.</summary>
    internal void TopicIs(string? problem)
    {
        if (problem is null)
        {
            waits.Over(What);
        }
        else
        {
            waits.For(What, problem);
        }
    }

    /// <summary>A dead letter is acknowledged.</summary>
    internal void Written(Provenance provenance)
    {
        metrics.DeadLetters.WithLabels(address.Subscription, provenance.Outcome).Inc();
        waits.Over(What);
        Log.DeadLettered(
            logger, address.Subscription, provenance.Origin, provenance.Outcome, provenance.Attempts, provenance.Reason);
    }

    /// <summary>A dead letter could not be written; it is tried again.</summary>
    internal void Fails(string topic, int partition, string reason)
    {
        failures.Inc();
        waits.For(What, $"a dead letter of {topic}/{partition} is not written to {address.Topic}: {reason}. Its event stays undone");
    }

    /// <summary>The dead-letter topic will never take the record as it is.</summary>
    internal void TooLarge(Provenance provenance, string reason)
    {
        failures.Inc();
        Log.LetterTooLarge(logger, address.Subscription, provenance.Origin, address.Topic, reason);
    }
}
