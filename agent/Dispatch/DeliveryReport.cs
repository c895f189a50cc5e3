using Microsoft.Extensions.Logging;
using Sidecar.Agent.Admission;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Dispatch;

/// <summary>Says what became of deliveries that did not simply succeed: to the log, the metrics and the waits.</summary>
public sealed class DeliveryReport(ILogger<DeliveryReport> logger, DeliveryMetrics metrics, Waits waits, string appAddress)
{
    private string Subscription => metrics.Subscription;

    private string App => $"app:{Subscription}";

    private string Storm => $"dead-letter-storm:{Subscription}";

    internal void Of(Finished finished, AttemptOutcome outcome, TopicPosition position, QueuedEvent queued)
    {
        switch (finished.Step)
        {
            case Step.Again:
                metrics.WillRetry();
                Log.WillRetry(logger, Subscription, position, finished.Attempts, outcome.Status, outcome.Reason);
                break;
            case Step.DeadLetter:
                metrics.Ended(outcome.End);
                break;
            case Step.Park:
                metrics.Ended(outcome.End);
                Log.Parked(
                    logger, Subscription, $"{position}{queued.WaitsAs}", EndReason.Of(outcome.End), finished.Attempts, outcome.Status,
                    outcome.Reason);
                break;
            case Step.Stand:
                metrics.Ended(outcome.End);
                Log.Stands(
                    logger, Subscription, $"{position}{queued.WaitsAs}", EndReason.Of(outcome.End), finished.Attempts, outcome.Status,
                    outcome.Reason);
                break;
            case Step.Hold when outcome.End == AttemptEnd.Interrupted:
                Log.Interrupted(logger, Subscription, position, outcome.Reason);
                break;
            case Step.Hold or Step.Complete or Step.Abandon or Step.Withhold or Step.Resend:
                break;
        }

        TellStorm(finished.Storm);
        metrics.BreakerState.Set(Shown(finished.Breaker.State));
        if (!finished.IsUnhealthy)
        {
            TellApp(finished, outcome);
        }

        if (finished.Turn == BreakerTurn.Opened)
        {
            metrics.Opened(finished.Breaker.Cause.ToString().ToLowerInvariant());
        }
    }

    private void TellApp(Finished finished, AttemptOutcome outcome)
    {
        if (finished.Breaker.IsPassable)
        {
            metrics.AppUp.Set(1);
            waits.Over(App);
        }
        else if (finished.Step == Step.Hold || finished.Turn == BreakerTurn.Opened)
        {
            metrics.AppUp.Set(0);
            waits.For(App, Why(outcome, finished.Breaker.Cause));
        }
    }

    private void TellStorm(string? storm)
    {
        metrics.Storm.Set(storm is null ? 0 : 1);
        if (storm is null)
        {
            waits.Over(Storm);
        }
        else
        {
            waits.For(Storm, $"{storm}: the subscription is held, only probes are delivered until {StormLimit.ProbesToEnd} in a row are "
                + "taken. Mend the application, or raise dlq-limit");
        }
    }

    // A probe is under way for moments only: half open shows as open.
    private static int Shown(BreakerState state) => state switch
    {
        BreakerState.Closed => 0,
        BreakerState.Open or BreakerState.HalfOpen => 1,
        BreakerState.Ramping => 2,
    };

    private string Why(AttemptOutcome outcome, OpenCause cause) => cause == OpenCause.Trouble
        ? $"too many deliveries to {appAddress} end in {outcome.Status}; one at a time is sent until it answers"
        : Why(outcome);

    private string Why(AttemptOutcome outcome) => outcome.End switch
    {
        AttemptEnd.Unreachable => $"nothing answers at {appAddress}; no attempts are spent",
        AttemptEnd.Interrupted => $"the connection to {appAddress} was lost during a delivery",
        AttemptEnd.Unavailable => $"it answers UNAVAILABLE: {outcome.Reason}",
        AttemptEnd.WrongApp => $"it answers {outcome.Status} ({outcome.Reason}): is this the right application, and does "
            + "it implement the method of the subscription?",
        AttemptEnd.Delivered or AttemptEnd.Rejected or AttemptEnd.Failed or AttemptEnd.TooLarge
            or AttemptEnd.Unsendable or AttemptEnd.Expired or AttemptEnd.Cancelled => outcome.End.ToString(),
    };
}
