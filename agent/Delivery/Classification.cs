using Grpc.Core;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Delivery;

/// <summary>Who ended a call, as far as the outcome depends on it.</summary>
public enum CallEnd
{
    /// <summary>The application answered: its verdict or its status decides.</summary>
    Answered,

    /// <summary>The application reset the call, or its answer cannot be read: no status of the app's own.</summary>
    Garbled,

    /// <summary>We cancelled.</summary>
    CancelledByUs,

    /// <summary>The request did not leave, or the application's side guarantees that it was not processed.</summary>
    NotProcessed,

    /// <summary>The connection was lost after the request was sent.</summary>
    Lost,

    /// <summary>What listens there does not speak gRPC.</summary>
    NotGrpc,
}

/// <summary>All that is known of a call that has ended.</summary>
/// <param name="End">Who ended it.</param>
/// <param name="Status">The status as it came or as the client library made it up.</param>
/// <param name="Detail">Its message; may be empty.</param>
/// <param name="Verdict">The application's explicit verdict.</param>
/// <param name="Hint">What its trailers say about trying again.</param>
internal readonly record struct EndedCall(
    CallEnd End, StatusCode Status, string Detail, AppVerdict Verdict, RetryHint Hint);

/// <summary>The table that turns a call that has ended into an outcome. Pure.</summary>
internal static class Classification
{
    internal static AttemptOutcome Of(in EndedCall call)
    {
        // The wire may carry any number; gRPC says that an unknown one is UNKNOWN.
        var status = Enum.IsDefined(call.Status) ? call.Status : StatusCode.Unknown;
        var end = EndOf(call, status);
        if (end == AttemptEnd.Delivered)
        {
            return new AttemptOutcome(end, status, null, null);
        }

        var reason = call.Verdict.Reason is { Length: > 0 } said ? said
            : call.Detail.Length > 0 ? call.Detail
            : $"the application answered {status} and gave no reason";
        var waits = end is AttemptEnd.Failed or AttemptEnd.Unavailable;
        return new AttemptOutcome(
            end, status, Reason.Bound(reason), waits ? call.Verdict.RetryAfter ?? call.Hint.RetryAfter : null);
    }

    private static AttemptEnd EndOf(in EndedCall call, StatusCode status) => call.End switch
    {
        CallEnd.Answered => call.Verdict.Saying switch
        {
            Saying.Ack => AttemptEnd.Delivered,
            Saying.Retry => AttemptEnd.Failed,
            Saying.Reject => AttemptEnd.Rejected,
            Saying.Nothing => HeedNever(OfStatus(status), call),
        },
        CallEnd.Garbled => AttemptEnd.Failed,
        CallEnd.CancelledByUs => AttemptEnd.Cancelled,
        CallEnd.NotProcessed => AttemptEnd.Unreachable,
        CallEnd.Lost => AttemptEnd.Interrupted,
        CallEnd.NotGrpc => AttemptEnd.WrongApp,
    };

    private static AttemptEnd OfStatus(StatusCode status) => status switch
    {
        StatusCode.OK or StatusCode.AlreadyExists => AttemptEnd.Delivered,

        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange or StatusCode.DataLoss =>
            AttemptEnd.Rejected,

        // CANCELLED is here because the application said it: where we cancelled, the status is not asked.
        StatusCode.Aborted or StatusCode.NotFound or StatusCode.Unknown or StatusCode.Internal
            or StatusCode.ResourceExhausted or StatusCode.DeadlineExceeded or StatusCode.Cancelled => AttemptEnd.Failed,

        StatusCode.Unavailable => AttemptEnd.Unavailable,

        StatusCode.Unimplemented or StatusCode.Unauthenticated or StatusCode.PermissionDenied => AttemptEnd.WrongApp,
    };

    // "Not again" ends a failing event. It does not end one that an overloaded application turned away: UNAVAILABLE
    // says nothing about the event.
    private static AttemptEnd HeedNever(AttemptEnd end, in EndedCall call) =>
        end == AttemptEnd.Failed && call.Hint.Never && call.Verdict.RetryAfter is null ? AttemptEnd.Rejected : end;
}
