using Grpc.Core;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Admission;

/// <summary>What the end of a delivery tells of the application as a whole. A closed set.</summary>
internal enum AppSign
{
    /// <summary>It answered about the event, whatever it said: a refusal is an answer.</summary>
    Fine,

    /// <summary>DEADLINE_EXCEEDED or RESOURCE_EXHAUSTED: it is there, and has more than it can do.</summary>
    Trouble,

    /// <summary>It answered UNAVAILABLE itself.</summary>
    Unavailable,

    /// <summary>No connection, a connection that was lost, or the wrong application.</summary>
    Absent,

    /// <summary>Nothing was learned: we cancelled, or the event cannot be sent.</summary>
    Nothing,
}

/// <summary>Reads the sign in an outcome. Pure.</summary>
internal static class AppSigns
{
    public static AppSign Of(in AttemptOutcome outcome) => outcome.End switch
    {
        AttemptEnd.Delivered or AttemptEnd.Rejected => AppSign.Fine,
        AttemptEnd.Failed => outcome.Status is StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted
            ? AppSign.Trouble
            : AppSign.Fine,
        AttemptEnd.Unavailable => AppSign.Unavailable,
        AttemptEnd.Unreachable or AttemptEnd.Interrupted or AttemptEnd.WrongApp => AppSign.Absent,
        AttemptEnd.TooLarge or AttemptEnd.Unsendable or AttemptEnd.Expired or AttemptEnd.Cancelled => AppSign.Nothing,
    };
}
