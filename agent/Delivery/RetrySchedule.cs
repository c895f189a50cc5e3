namespace Sidecar.Agent.Delivery;

/// <summary>
/// The pause before the next attempt: decorrelated jitter, a random time between the shortest pause and three times the
/// last one. Pure; chance is an argument.
/// </summary>
/// <remarks>
/// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. Among the schedules compared there
/// it spreads retries as well as full jitter, and never retries sooner than the shortest pause.
/// </remarks>
public static class RetrySchedule
{
    private const double Growth = 3;

    /// <summary>
    /// The next pause. What the application asks for wins over the schedule; both stay at or below
    /// <see cref="DeliveryOptions.BackoffMax"/>.
    /// </summary>
    /// <param name="last">The pause before this one; zero before the first.</param>
    /// <param name="asked">What the application asked for; null: nothing.</param>
    /// <param name="options">The shortest and the longest pause.</param>
    /// <param name="random">Chance, seeded by the caller.</param>
    public static TimeSpan Next(TimeSpan last, TimeSpan? asked, DeliveryOptions options, Random random)
    {
        if (asked is { } given)
        {
            return given < options.BackoffMax ? given : options.BackoffMax;
        }

        var from = options.BackoffMin.TotalMilliseconds;
        var to = Math.Max(from, last.TotalMilliseconds * Growth);
        var pause = from + (random.NextDouble() * (to - from));
        return TimeSpan.FromMilliseconds(Math.Min(pause, options.BackoffMax.TotalMilliseconds));
    }
}
