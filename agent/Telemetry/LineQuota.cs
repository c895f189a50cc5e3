namespace Sidecar.Agent.Telemetry;

/// <summary>What may be said of one more of many.</summary>
public enum LogShare
{
    /// <summary>A line of its own.</summary>
    Line,

    /// <summary>A line of its own, and that more will not be said in this minute.</summary>
    LastLine,

    /// <summary>Nothing: the metrics count it.</summary>
    Nothing,
}

/// <summary>
/// Bounds the lines that a log gets of one kind of thing: so many in a minute, which begins with the first. Any thread may
/// ask.
/// </summary>
/// <param name="perMinute">How many lines. At least 1.</param>
/// <param name="time">The clock.</param>
public sealed class LineQuota(int perMinute, TimeProvider time)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock guard = new();
    private long began;
    private int said;

    /// <summary>One more has happened: what may be said of it.</summary>
    public LogShare Next()
    {
        lock (guard)
        {
            if (said == 0 || time.GetElapsedTime(began) >= Minute)
            {
                (began, said) = (time.GetTimestamp(), 0);
            }

            if (said == perMinute)
            {
                return LogShare.Nothing;
            }

            said++;
            return said == perMinute ? LogShare.LastLine : LogShare.Line;
        }
    }
}
