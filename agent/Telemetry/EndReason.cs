using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Telemetry;

/// <summary>Why an event came to its end undelivered: one spelling for logs and metrics. A bounded set.</summary>
public static class EndReason
{
    public static string Of(AttemptEnd cause) => cause switch
    {
        AttemptEnd.Rejected => "rejected",
        AttemptEnd.TooLarge => "too_large",
        AttemptEnd.Unsendable => "unsendable",
        AttemptEnd.Interrupted => "interrupted",
        AttemptEnd.Expired => "expired",
        AttemptEnd.Delivered or AttemptEnd.Failed or AttemptEnd.Unreachable
            or AttemptEnd.Unavailable or AttemptEnd.WrongApp or AttemptEnd.Cancelled => "attempts_exhausted",
    };
}
