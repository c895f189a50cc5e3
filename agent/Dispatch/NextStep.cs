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

    /// <summary>No more attempts: the event's end (`on-exhausted`).</summary>
    Exhausted,

    /// <summary>We took it back: it stays undone, and whoever owns the partition next delivers it.</summary>
    Abandon,
}

/// <summary>Decides what follows an attempt. Pure.</summary>
internal static class NextStep
{
    /// <param name="end">How the attempt ended.</param>
    /// <param name="attempts">Attempts that count, this one included if it does.</param>
    /// <param name="options">How many there may be.</param>
    public static Step After(AttemptEnd end, int attempts, DeliveryOptions options) => end switch
    {
        AttemptEnd.Delivered => Step.Complete,
        AttemptEnd.Failed => attempts < options.Attempts ? Step.Again : Step.Exhausted,
        AttemptEnd.Rejected or AttemptEnd.TooLarge or AttemptEnd.Unsendable => Step.Exhausted,
        AttemptEnd.Unreachable or AttemptEnd.Interrupted or AttemptEnd.Unavailable or AttemptEnd.WrongApp => Step.Hold,
        AttemptEnd.Cancelled => Step.Abandon,
    };
}
