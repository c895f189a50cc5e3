using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.DeadLetter;

/// <summary>Whose event it was: what is the same for all dead letters of a subscription.</summary>
/// <param name="Group">The consumer group.</param>
/// <param name="Subscription">The subscription.</param>
/// <param name="Topic">The dead-letter topic.</param>
public sealed record LetterAddress(string Group, string Subscription, string Topic);

/// <summary>Where an event came from and why it came to its end: what its dead letter says in headers.</summary>
/// <param name="Origin">Its place in the topic that it was first read from.</param>
/// <param name="TimestampMs">The timestamp of its record there, in milliseconds since the Unix epoch; -1: it has none.</param>
/// <param name="Attempts">Attempts that counted.</param>
/// <param name="FirstFailureMs">When the first of them failed here, in milliseconds since the Unix epoch.</param>
/// <param name="LastFailureMs">When the last one did.</param>
/// <param name="Outcome">How it ended, one word of <see cref="Telemetry.EndReason"/>.</param>
/// <param name="Reason">Why, for people; null: nobody said.</param>
public sealed record Provenance(
    TopicPosition Origin, long TimestampMs, int Attempts, long FirstFailureMs, long LastFailureMs, string Outcome, string? Reason)
{
    /// <summary>How often the event came back from the dead letters.</summary>
    public int Replays { get; init; }
}
