using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Admission;

/// <summary>
/// What counts against an event, and what only says that its application is in trouble. Such an end is held against
/// nothing, for as long as the subscription's `max-hold` allows: then it counts as any other failure, so that an event
/// which alone brings it about comes to its end. Pure.
/// </summary>
internal static class Holding
{
    /// <summary>The outcome as it is taken.</summary>
    /// <param name="outcome">The outcome as it came.</param>
    /// <param name="isProbe">It was the probe of an open breaker: that spends no attempt.</param>
    /// <param name="held">How long the event was held so far.</param>
    /// <param name="maxHold">How long it may be.</param>
    public static AttemptOutcome Judge(in AttemptOutcome outcome, bool isProbe, TimeSpan held, TimeSpan maxHold)
    {
        var mayHold = held < maxHold;
        if (outcome.End == AttemptEnd.Unavailable && !mayHold)
        {
            return outcome with { End = AttemptEnd.Failed };
        }

        return isProbe && mayHold && AppSigns.Of(outcome) == AppSign.Trouble
            ? outcome with { End = AttemptEnd.Unavailable }
            : outcome;
    }

    /// <summary>
    /// How long an event waits after an UNAVAILABLE: as long as the application asks, at most <paramref name="longest"/>;
    /// otherwise up to the time between two probes and at least half of it, so that many do not come back at once.
    /// </summary>
    public static TimeSpan Pause(TimeSpan? asked, TimeSpan longest, Random random)
    {
        var pause = asked ?? BreakerOptions.ProbeInterval * (0.5 + (random.NextDouble() / 2));
        return pause < longest ? pause : longest;
    }
}
