namespace Sidecar.Agent.Admission;

/// <summary>
/// How many deliveries of a subscription may start in a second: a bucket that fills steadily and holds a tenth of a
/// second's worth, so that what was saved up while nothing was to be sent is no burst. Pure: the time (since the start,
/// monotonic) is an argument.
/// </summary>
/// <param name="perSecond">Deliveries a second, first attempts and repeats alike; 0: no limit.</param>
internal sealed class RateLimit(int perSecond)
{
    /// <summary>What the bucket holds at most, as a part of a second; at least one delivery.</summary>
    public const double SavedSeconds = 0.1;

    private const double Rounding = 1e-9;

    private readonly double most = Math.Max(1, perSecond * SavedSeconds);
    private double saved = Math.Max(1, perSecond * SavedSeconds);
    private TimeSpan filledAt;

    /// <summary>When the next delivery may start.</summary>
    public TimeSpan NextAt => perSecond == 0 || saved >= 1 - Rounding
        ? filledAt
        : filledAt + TimeSpan.FromTicks((long)Math.Ceiling((1 - saved) / perSecond * TimeSpan.TicksPerSecond));

    /// <summary>A delivery may start now.</summary>
    public bool MayPass(TimeSpan now)
    {
        if (perSecond == 0)
        {
            return true;
        }

        saved = Math.Min(most, saved + ((now - filledAt).TotalSeconds * perSecond));
        filledAt = now;
        return saved >= 1 - Rounding;
    }

    /// <summary>A delivery starts.</summary>
    public void Pass() => saved -= perSecond == 0 ? 0 : 1;
}
