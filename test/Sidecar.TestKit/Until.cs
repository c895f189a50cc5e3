namespace Sidecar.TestKit;

/// <summary>Bounded waits for something to become true. The time is a bound, never a measurement.</summary>
public static class Until
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Looks every 20 ms until the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not hold in time; the message says what was waited for.</exception>
    public static Task TrueAsync(Func<bool> condition, TimeSpan timeout, string description) =>
        TrueAsync(() => Task.FromResult(condition()), timeout, description);

    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan, string)"/>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan timeout, string description)
    {
        if (!await LookAsync(condition, timeout))
            throw new TimeoutException($"waited {timeout.TotalSeconds:0.#} s, in vain, until {description}");
    }

    /// <summary>Waits until the condition holds or the time is up; says which.</summary>
    public static Task<bool> SettledAsync(Func<bool> condition, TimeSpan timeout) =>
        LookAsync(() => Task.FromResult(condition()), timeout);

    private static async Task<bool> LookAsync(Func<Task<bool>> condition, TimeSpan timeout)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > timeout) return false;
            await Task.Delay(Interval, TimeProvider.System);
        }

        return true;
    }
}
