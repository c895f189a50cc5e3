using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Dispatch;

/// <summary>Whether deliveries may start.</summary>
internal enum GateState
{
    /// <summary>Every delivery may start.</summary>
    Open,

    /// <summary>None may start before the next probe is due.</summary>
    Shut,

    /// <summary>One delivery is on its way as a probe; no other may start.</summary>
    Probing,
}

/// <summary>
/// What every delivery of a subscription passes before it starts. It shuts when the application is not there, or is the
/// wrong one, and lets one event through now and then until an answer shows that it is back. Nothing is spent while it is
/// shut. Pure: the time (since the start, monotonic) is an argument; guarded by the dispatcher's lock. The circuit
/// breaker's place is here.
/// </summary>
internal sealed class Gate
{
    /// <summary>Time between two probes: an application that has come back gets its first event within this time.</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>The state.</summary>
    public GateState State { get; private set; } = GateState.Open;

    /// <summary>While it is shut: when the next delivery may start.</summary>
    public TimeSpan ProbeAt { get; private set; }

    /// <summary>A delivery asks to start.</summary>
    public bool TryPass(TimeSpan now)
    {
        // Open: everyone passes. Shut: nobody, until the probe is due; the first one then is the probe.
        // Probing: nobody, the probe's outcome decides.
        if (State == GateState.Shut && now >= ProbeAt)
        {
            State = GateState.Probing;
            return true;
        }

        return State == GateState.Open;
    }

    /// <summary>A delivery has ended. Returns true when the gate has just opened or has just shut.</summary>
    public bool Observe(AttemptEnd end, TimeSpan now)
    {
        var before = State;
        switch (end)
        {
            // The application answered: it is there, whatever it said.
            case AttemptEnd.Delivered or AttemptEnd.Rejected or AttemptEnd.Failed:
                State = GateState.Open;
                break;
            case AttemptEnd.Unreachable or AttemptEnd.Interrupted or AttemptEnd.Unavailable or AttemptEnd.WrongApp:
                State = GateState.Shut;
                ProbeAt = now + ProbeInterval;
                break;
            // Nothing was learned of the application. If this was the probe, another goes at once.
            case AttemptEnd.Cancelled or AttemptEnd.TooLarge or AttemptEnd.Unsendable:
                if (State == GateState.Probing)
                {
                    State = GateState.Shut;
                    ProbeAt = now;
                }

                break;
        }

        return (before == GateState.Open) != (State == GateState.Open);
    }
}
