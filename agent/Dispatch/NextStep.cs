using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Dispatch;

/// <summary>What follows an attempt. A closed set.</summary>
internal enum Step
{
    /// <summary>The event is done.</summary>
    Complete,

    /// <summary>Another attempt after a pause; this one counted.</summary>
    Again,

    /// <summary>Back to where it stood; nothing counted.</summary>
    Hold,

    /// <summary>The event's end: its partition stands there until someone acts.</summary>
    Stand,

    /// <summary>The event's end: its key waits behind it until someone acts, other keys go on.</summary>
    Park,

    /// <summary>The event's end: its dead letter is to be written; it is done when Kafka has acknowledged that.</summary>
    DeadLetter,

    /// <summary>It waits in a retry topic; it is done here when Kafka has acknowledged the copy there.</summary>
    Resend,

    /// <summary>Its dead letter would be one too many, in a storm of them: it waits for its turn again.</summary>
    Withhold,

    /// <summary>We took it back: it stays undone, and whoever owns the partition next delivers it.</summary>
    Abandon,
}

/// <summary>Decides what follows an attempt. Pure.</summary>
internal static class NextStep
{
    /// <param name="end">How the attempt ended.</param>
    /// <param name="attempts">Attempts that count, this one included if it does.</param>
    /// <param name="interruptions">Connections that were lost while the event was in flight alone.</param>
    /// <param name="options">How many there may be.</param>
    public static Step After(AttemptEnd end, int attempts, int interruptions, DeliveryOptions options) => end switch
    {
        AttemptEnd.Delivered => Step.Complete,
        AttemptEnd.Failed => attempts < options.Attempts ? Step.Again : EndOf(options.OnExhausted),
        AttemptEnd.Rejected or AttemptEnd.TooLarge or AttemptEnd.Unsendable => EndOf(options.OnExhausted),
        AttemptEnd.Interrupted => interruptions < options.Attempts ? Step.Hold : EndOf(options.OnExhausted),
        AttemptEnd.Unreachable or AttemptEnd.Unavailable or AttemptEnd.WrongApp => Step.Hold,
        AttemptEnd.Expired => options.OnExpired == OnExpired.DeadLetter ? Step.DeadLetter : Step.Complete,
        AttemptEnd.Cancelled => Step.Abandon,
    };

    /// <summary>The event's end, as it is configured.</summary>
    public static Step EndOf(OnExhausted configured) => configured switch
    {
        OnExhausted.Stop => Step.Stand,
        OnExhausted.Park => Step.Park,
        OnExhausted.DeadLetter => Step.DeadLetter,
    };
}
