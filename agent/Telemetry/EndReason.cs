using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Telemetry;

/// <summary>Why an event came to its end undelivered: one spelling for logs and metrics. A bounded set.</summary>
public static class EndReason
{
    /// <summary>A record of a retry topic that is no copy of ours: it was never an event, and ends as a dead letter alone.</summary>
    public const string ForeignRetry = "foreign_retry_record";

    /// <summary>Every reason why an event ends. A counter has them all at 0 from its beginning: of a series that is born at 1,
    /// increase() never sees the first.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<AttemptEnd>().Select(Of).Distinct()];

    /// <summary>Every reason why there is a dead letter.</summary>
    public static IReadOnlyList<string> OfLetters { get; } = [.. All, ForeignRetry];

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
