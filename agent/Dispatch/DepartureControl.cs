using Sidecar.Agent.Admission;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Stops and starts all deliveries of a subscription from outside of its line: its application's health, and people. Any
/// thread may call; takes the dispatcher's lock.
/// </summary>
internal sealed class DepartureControl(Lock guard, Departures departures)
{
    /// <summary>Nothing departs from now on, for this reason. True: nobody had said so before.</summary>
    public bool Raise(Bar bar, string reason)
    {
        lock (guard)
        {
            return departures.Bars.Raise(bar, reason);
        }
    }

    /// <summary>This is no reason any more. True: it was one.</summary>
    /// <param name="bar">Which.</param>
    /// <param name="probeFirst">
    /// The application was away: one delivery goes first, and the others follow step by step when it is answered.
    /// </param>
    public bool Lift(Bar bar, bool probeFirst)
    {
        lock (guard)
        {
            if (!departures.Bars.Lift(bar))
            {
                return false;
            }

            if (probeFirst)
            {
                departures.ProbeFirst();
            }

            departures.Pump();
            return true;
        }
    }

    /// <summary>Why nothing departs, in a word; null: nothing is in the way here.</summary>
    public string? Code
    {
        get
        {
            lock (guard)
            {
                return departures.Bars.Code;
            }
        }
    }

    /// <summary>Why nothing departs, for this cause; null: it is none.</summary>
    public string? Why(Bar bar)
    {
        lock (guard)
        {
            return departures.Bars[bar];
        }
    }
}
