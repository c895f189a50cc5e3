using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// After a connection was lost with an event in flight, the event may be what ended the application: it goes again alone,
/// so that the next loss is its own. Any answer clears it. Not synchronized.
/// </summary>
internal sealed class Suspects
{
    private QueuedEvent? alone;

    /// <summary>One is in flight, and nothing else may be.</summary>
    public bool IsOneFlying => alone is not null;

    /// <summary>An event departs, as a suspect or not.</summary>
    public void Departs(QueuedEvent taken, bool isSuspect) => alone = isSuspect ? taken : null;

    /// <summary>A delivery has ended.</summary>
    public void Ended(QueuedEvent queued, AttemptEnd end)
    {
        var wasAlone = alone == queued;
        alone = wasAlone ? null : alone;
        switch (end)
        {
            case AttemptEnd.Interrupted:
                queued.IsSuspect = true;
                queued.Interruptions += wasAlone ? 1 : 0;
                break;
            case AttemptEnd.Unreachable or AttemptEnd.Cancelled:
                break;
            case AttemptEnd.Delivered or AttemptEnd.Rejected or AttemptEnd.Failed or AttemptEnd.TooLarge
                or AttemptEnd.Unsendable or AttemptEnd.Expired or AttemptEnd.Unavailable or AttemptEnd.WrongApp:
                queued.IsSuspect = false;
                break;
        }
    }
}
