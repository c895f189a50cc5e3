namespace Sidecar.Agent.Dispatch;

/// <summary>An event that is to be put into a retry topic.</summary>
/// <param name="Queued">The event.</param>
/// <param name="Delay">The delay of the topic.</param>
/// <param name="DueMs">When the event is due, in milliseconds since the Unix epoch.</param>
/// <param name="Outcome">How its last attempt ended, or <see cref="Behind"/>.</param>
/// <param name="Reason">Why, for people; null: nobody said.</param>
internal sealed record PendingResend(QueuedEvent Queued, TimeSpan Delay, long DueMs, string Outcome, string? Reason)
{
    /// <summary>It was not attempted: an earlier event of its key waits.</summary>
    public const string Behind = "behind";
}
