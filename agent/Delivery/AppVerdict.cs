using Grpc.Core;
using Sidecar.Delivery.V1;

namespace Sidecar.Agent.Delivery;

/// <summary>What an application says of an event.</summary>
public enum Saying
{
    /// <summary>Nothing: the status decides.</summary>
    Nothing,
    Ack,
    Retry,
    Reject,
}

/// <summary>
/// The explicit verdict of an application, from a response of the generic contract or the trailers of a typed call.
/// </summary>
/// <param name="Saying">The verdict; one that we do not know is a retry, never an ack.</param>
/// <param name="RetryAfter">The least time to wait; within <see cref="Delays"/>' limits; null: not said.</param>
/// <param name="Reason">Why, in the application's words; null: not said.</param>
internal readonly record struct AppVerdict(Saying Saying, TimeSpan? RetryAfter, string? Reason)
{
    internal const string VerdictTrailer = "sidecar-verdict";
    internal const string RetryAfterTrailer = "sidecar-retry-after";
    internal const string ReasonTrailer = "sidecar-reason";

    /// <summary>Reads the answer to one event of the generic contract, which has the status OK.</summary>
    internal static AppVerdict Of(DeliverResponse response, ulong deliveryId)
    {
        var result = response.Result;
        if (result is null)
        {
            return new AppVerdict(Saying.Ack, null, null);
        }

        if (result.DeliveryId.Length > 0 && result.DeliveryId != deliveryId.ToString("x16"))
        {
            return new AppVerdict(Saying.Retry, null, "the answer names another delivery: " + result.DeliveryId);
        }

        TimeSpan? retryAfter = result.RetryAfter is { } delay ? Delays.Of(delay) : null;
        var reason = result.Reason.Length > 0 ? result.Reason : null;
        return result.Verdict switch
        {
            Verdict.Unspecified or Verdict.Ack => new AppVerdict(Saying.Ack, null, null),
            Verdict.Retry => new AppVerdict(Saying.Retry, retryAfter, reason),
            Verdict.Reject => new AppVerdict(Saying.Reject, null, reason),
            // The one open set: a newer application may know more verdicts than we do.
            _ => new AppVerdict(Saying.Retry, retryAfter, reason ?? $"unknown verdict {(int)result.Verdict}"),
        };
    }

    /// <summary>Reads the trailers of a typed method; what is not there stays unsaid.</summary>
    internal static AppVerdict Of(Metadata trailers)
    {
        var reason = trailers.GetValue(ReasonTrailer);
        var verdict = trailers.GetValue(VerdictTrailer);
        var retryAfter = trailers.GetValue(RetryAfterTrailer) is { } text ? Delays.Parse(text) : null;
        if (verdict is null)
        {
            return new AppVerdict(Saying.Nothing, retryAfter, reason);
        }

        return verdict.Trim().ToUpperInvariant() switch
        {
            "ACK" => new AppVerdict(Saying.Ack, null, null),
            "RETRY" => new AppVerdict(Saying.Retry, retryAfter, reason),
            "REJECT" => new AppVerdict(Saying.Reject, null, reason),
            _ => new AppVerdict(Saying.Retry, retryAfter, reason ?? $"unknown verdict '{verdict}'"),
        };
    }
}
