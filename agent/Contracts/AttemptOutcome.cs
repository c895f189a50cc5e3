using Grpc.Core;

namespace Sidecar.Agent.Contracts;

/// <summary>How one attempt to deliver an event ended. A closed set: a switch over it has no discard arm.</summary>
public enum AttemptEnd
{
    /// <summary>The application said that the event is done.</summary>
    Delivered,

    /// <summary>The application said that the event can never be handled: its end comes without another attempt.</summary>
    Rejected,

    /// <summary>The attempt failed and counts; another may succeed.</summary>
    Failed,

    /// <summary>The call would be larger than our own limit: it was not sent, and never will be.</summary>
    TooLarge,

    /// <summary>The record cannot be put into a call as it is (a header name that is not UTF-8): it was not sent.</summary>
    Unsendable,

    /// <summary>No connection: nothing was sent, nothing counts. The application is not there.</summary>
    Unreachable,

    /// <summary>The connection was lost after the call was sent: the event may be what ended the application.</summary>
    Interrupted,

    /// <summary>The application itself answered UNAVAILABLE: nothing counts.</summary>
    Unavailable,

    /// <summary>UNIMPLEMENTED, UNAUTHENTICATED or PERMISSION_DENIED: the wrong application or version; nothing counts.</summary>
    WrongApp,

    /// <summary>The event was older than its subscription delivers: it was not sent, and never will be.</summary>
    Expired,

    /// <summary>We cancelled the call (revoked, stopping): it never happened.</summary>
    Cancelled,
}

/// <summary>The outcome of one attempt: how it ended, and what the application said about it.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Status">The gRPC status; OK where no call was made.</param>
/// <param name="Reason">Why, for people; at most <see cref="MaxReasonBytes"/> bytes of UTF-8; null for a delivered event.</param>
/// <param name="RetryAfter">The least time that the application asks to wait before the next attempt; null: our own schedule.</param>
public readonly record struct AttemptOutcome(AttemptEnd End, StatusCode Status, string? Reason, TimeSpan? RetryAfter)
{
    /// <summary>What is kept of a reason.</summary>
    public const int MaxReasonBytes = 1024;

    /// <summary>The application said that the event is done.</summary>
    public static AttemptOutcome Delivered { get; } = new(AttemptEnd.Delivered, StatusCode.OK, null, null);
}
