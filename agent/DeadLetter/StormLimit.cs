namespace Sidecar.Agent.DeadLetter;

/// <summary>
/// Keeps a broken application from draining its topics into the dead-letter topic. When more events end as dead letters
/// than the threshold allows, the subscription is held: no letter is written and nothing is delivered, but for one event
/// now and then as a probe. Three probes in a row that the application takes end the hold. Pure: the time (monotonic) is
/// an argument; its owner holds a lock.
/// </summary>
/// <remarks>
/// One success does not end it: deliveries that were in flight when the storm began still succeed, and an application
/// that refuses most events takes some.
/// </remarks>
internal sealed class StormLimit(StormThreshold threshold)
{
    /// <summary>The share is of this many events that ended last.</summary>
    public const int SharedOver = 100;

    /// <summary>Probes in a row that must be taken.</summary>
    public const int ProbesToEnd = 3;

    /// <summary>Time between two probes.</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly bool[] ended = new bool[SharedOver];
    private readonly Queue<TimeSpan> lately = new();
    private int next;
    private int filled;
    private int letters;
    private int probesTaken;
    private bool probing;

    /// <summary>Why the subscription is held; null: it is not.</summary>
    public string? Held { get; private set; }

    /// <summary>While it is held: when the next probe may start.</summary>
    public TimeSpan ProbeAt { get; private set; }

    /// <summary>A delivery may start now.</summary>
    public bool MayPass(TimeSpan now) => Held is null || (!probing && now >= ProbeAt);

    /// <summary>A delivery starts. True: it is the probe.</summary>
    public bool Pass()
    {
        probing = Held is not null;
        return probing;
    }

    /// <summary>An event was delivered.</summary>
    public void Delivered(bool isProbe, TimeSpan now)
    {
        if (Held is null)
        {
            Note(isLetter: false);
        }
        else if (isProbe && ++probesTaken >= ProbesToEnd)
        {
            End();
        }
        else if (isProbe)
        {
            AwaitProbe(now);
        }
    }

    /// <summary>An event is to become a dead letter. False: it may not, and waits.</summary>
    public bool TryTake(bool isProbe, TimeSpan now)
    {
        if (Held is not null)
        {
            Failed(isProbe, now);
            return false;
        }

        if (Reached(now) is { } reason)
        {
            Held = reason;
            probesTaken = 0;
            AwaitProbe(now);
            return false;
        }

        Note(isLetter: true);
        if (threshold.PerMinute is not null)
        {
            lately.Enqueue(now);
        }

        return true;
    }

    /// <summary>A delivery ended in another way: if it was the probe, it has shown nothing.</summary>
    public void Failed(bool isProbe, TimeSpan now)
    {
        if (isProbe && Held is not null)
        {
            probesTaken = 0;
            AwaitProbe(now);
        }
    }

    private void AwaitProbe(TimeSpan now)
    {
        probing = false;
        ProbeAt = now + ProbeInterval;
    }

    private void End()
    {
        Held = null;
        probing = false;
        (filled, letters, next) = (0, 0, 0);
        lately.Clear();
    }

    private string? Reached(TimeSpan now)
    {
        while (lately.TryPeek(out var oldest) && now - oldest >= Minute)
        {
            lately.Dequeue();
        }

        if (threshold.PerMinute is { } most && lately.Count >= most)
        {
            return $"more than {most} dead letters within a minute";
        }

        return threshold.SharePercent is { } percent && filled == SharedOver && letters >= percent * SharedOver / 100
            ? $"more than {percent} % of the last {SharedOver} events were to become dead letters"
            : null;
    }

    private void Note(bool isLetter)
    {
        letters += (isLetter ? 1 : 0) - (filled == SharedOver && ended[next] ? 1 : 0);
        ended[next] = isLetter;
        next = (next + 1) % SharedOver;
        filled = Math.Min(filled + 1, SharedOver);
    }
}
