namespace Sidecar.Agent.Dispatch;

/// <summary>One timer that rings at the earliest of the moments it was set to. Not synchronized.</summary>
internal sealed class Alarm : IDisposable
{
    private readonly ITimer timer;
    private TimeSpan due = TimeSpan.MaxValue;

    /// <param name="time">The clock.</param>
    /// <param name="ring">Called on a thread of the pool; calls <see cref="Rang"/> first.</param>
    public Alarm(TimeProvider time, Action ring) =>
        timer = time.CreateTimer(_ => ring(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Sets it to a moment, unless it rings before that anyway.</summary>
    public void Set(TimeSpan at, TimeSpan now)
    {
        if (at >= due)
        {
            return;
        }

        due = at;
        timer.Change(at > now ? at - now : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    /// <summary>It has rung, and is set to nothing.</summary>
    public void Rang() => due = TimeSpan.MaxValue;

    public void Dispose() => timer.Dispose();
}
