using System.Collections.Frozen;
using Grpc.Core;
using Prometheus;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Telemetry;

/// <summary>The instruments that every delivery of one subscription touches, looked up once.</summary>
public sealed class DeliveryMetrics
{
    private readonly Counter.Child acknowledged;
    private readonly Counter.Child retried;
    private readonly Counter.Child rejected;
    private readonly Counter.Child timedOut;
    private readonly Counter.Child unavailable;
    private readonly Counter.Child failed;
    private readonly Counter.Child unsent;
    private readonly Counter.Child expired;
    private readonly Counter.Child retries;
    private readonly Histogram.Child attemptSeconds;
    private readonly Histogram.Child eventSeconds;
    private readonly FrozenDictionary<string, Counter.Child> exhausted;
    private readonly Counter breakerOpened;

    public DeliveryMetrics(AgentMetrics metrics, string subscription)
    {
        Subscription = subscription;
        acknowledged = metrics.Attempts.WithLabels(subscription, "ack");
        retried = metrics.Attempts.WithLabels(subscription, "retry");
        rejected = metrics.Attempts.WithLabels(subscription, "reject");
        timedOut = metrics.Attempts.WithLabels(subscription, "timeout");
        unavailable = metrics.Attempts.WithLabels(subscription, "unavailable");
        failed = metrics.Attempts.WithLabels(subscription, "error");
        unsent = metrics.Attempts.WithLabels(subscription, "unsent");
        expired = metrics.Skipped.WithLabels(subscription, "max_age");
        retries = metrics.Retries.WithLabels(subscription, "inline");
        attemptSeconds = metrics.AttemptSeconds.WithLabels(subscription);
        eventSeconds = metrics.EventSeconds.WithLabels(subscription);
        exhausted = EndReason.All.ToFrozenDictionary(reason => reason, reason => metrics.Exhausted.WithLabels(subscription, reason));
        AppUp = metrics.AppUp.WithLabels(subscription);
        AppUp.Set(1);
        Storm = metrics.Storm.WithLabels(subscription);
        BreakerState = metrics.BreakerState.WithLabels(subscription);
        breakerOpened = metrics.BreakerOpened;
    }

    /// <summary>The subscription that the labels name.</summary>
    public string Subscription { get; }

    /// <summary>1 while the application takes deliveries.</summary>
    public Gauge.Child AppUp { get; }

    /// <summary>1 while the subscription is held because of its many dead letters.</summary>
    public Gauge.Child Storm { get; }

    /// <summary>Whether deliveries may start: 0 closed, 1 open, 2 ramping.</summary>
    public Gauge.Child BreakerState { get; }

    /// <summary>The breaker has opened, for this cause.</summary>
    public void Opened(string cause) => breakerOpened.WithLabels(Subscription, cause).Inc();

    /// <summary>An attempt has ended.</summary>
    public void Attempted(AttemptOutcome outcome, TimeSpan took)
    {
        var counter = outcome.End switch
        {
            AttemptEnd.Delivered => acknowledged,
            AttemptEnd.Rejected => rejected,
            AttemptEnd.Failed when outcome.Status == StatusCode.DeadlineExceeded => timedOut,
            AttemptEnd.Failed when outcome.Status == StatusCode.OK => retried,
            AttemptEnd.Failed => failed,
            AttemptEnd.Unreachable or AttemptEnd.Interrupted or AttemptEnd.Unavailable or AttemptEnd.WrongApp => unavailable,
            AttemptEnd.TooLarge or AttemptEnd.Unsendable or AttemptEnd.Expired or AttemptEnd.Cancelled => unsent,
        };
        counter.Inc();
        attemptSeconds.Observe(took.TotalSeconds);
    }

    /// <summary>An event was delivered, this long after its record's timestamp.</summary>
    public void Delivered(double seconds) => eventSeconds.Observe(seconds);

    /// <summary>An event was too old, and is done undelivered.</summary>
    public void Expired() => expired.Inc();

    /// <summary>An event will be attempted again.</summary>
    public void WillRetry() => retries.Inc();

    /// <summary>An event came to its end undelivered.</summary>
    public void Ended(AttemptEnd cause) => exhausted[EndReason.Of(cause)].Inc();
}
