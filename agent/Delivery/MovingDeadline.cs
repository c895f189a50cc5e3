using System.Collections.Concurrent;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// The deadline of one attempt, which may be moved while it is under way, and never beyond the longest. It cancels the
/// attempt when it passes. Any thread may move it.
/// </summary>
internal sealed class MovingDeadline : IDisposable
{
    /// <summary>The least that a timer counts.</summary>
    private static readonly TimeSpan ShortestRing = TimeSpan.FromMilliseconds(1);

    private readonly Lock guard = new();
    private readonly CancellationTokenSource passing;
    private readonly TimeProvider time;
    private readonly TimeSpan longest;
    private readonly long began;
    private readonly ITimer timer;
    private readonly Action<MovingDeadline> forget;
    private TimeSpan due;
    private bool ended;

    internal MovingDeadline(
        (TimeSpan First, TimeSpan Longest) limits, TimeProvider time, Action<MovingDeadline> forget, CancellationToken cancellation)
    {
        (due, longest) = limits;
        this.time = time;
        this.forget = forget;
        began = time.GetTimestamp();
        passing = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        lock (guard)
        {
            timer = time.CreateTimer(_ => Ring(), null, due, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Which attempt it is of.</summary>
    public required ulong DeliveryId { get; init; }

    /// <summary>Set when the deadline passes, or the attempt is cancelled.</summary>
    public CancellationToken Token => passing.Token;

    /// <summary>It has passed.</summary>
    public bool HasPassed { get; private set; }

    /// <summary>Moves it to this time from now, if that is later. Returns the time left; null: it has passed or ended.</summary>
    public TimeSpan? Extend(TimeSpan needed)
    {
        lock (guard)
        {
            // Its timer may be late: what is over is over, though it has not rung.
            var elapsed = time.GetElapsedTime(began);
            if (ended || HasPassed || elapsed >= longest)
            {
                return null;
            }

            var wanted = needed < longest - elapsed ? elapsed + needed : longest;
            if (wanted > due)
            {
                due = wanted;
                timer.Change(due - elapsed, Timeout.InfiniteTimeSpan);
            }

            return due > elapsed ? due - elapsed : TimeSpan.Zero;
        }
    }

    /// <summary>The attempt has ended.</summary>
    public void Dispose()
    {
        lock (guard)
        {
            ended = true;
        }

        forget(this);
        timer.Dispose();
        passing.Dispose();
    }

    private void Ring()
    {
        lock (guard)
        {
            if (ended)
            {
                return;
            }

            var left = due - time.GetElapsedTime(began);
            if (left > TimeSpan.Zero)
            {
                // It rang for an earlier deadline, or too early: timers count coarser ticks than this clock does.
                timer.Change(left > ShortestRing ? left : ShortestRing, Timeout.InfiniteTimeSpan);
                return;
            }

            HasPassed = true;
            passing.Cancel();
        }
    }
}

/// <summary>
/// Names every attempt of this agent, and finds those under way whose deadline may be moved. Any thread may call.
/// </summary>
public sealed class DeliveryIds
{
    private readonly ConcurrentDictionary<ulong, MovingDeadline> moving = new();
    private ulong last;

    /// <summary>A name that no other attempt of this agent has.</summary>
    public ulong Next() => Interlocked.Increment(ref last);

    /// <summary>Moves the deadline of an attempt. Returns the time left; null: there is no such attempt under way.</summary>
    public TimeSpan? Extend(ulong deliveryId, TimeSpan needed) =>
        moving.TryGetValue(deliveryId, out var deadline) ? deadline.Extend(needed) : null;

    /// <summary>An attempt begins whose deadline may be moved; until it is disposed.</summary>
    internal MovingDeadline Begin(
        ulong deliveryId, (TimeSpan First, TimeSpan Longest) limits, TimeProvider time, CancellationToken cancellation)
    {
        var deadline = new MovingDeadline(limits, time, Forget, cancellation) { DeliveryId = deliveryId };
        moving[deliveryId] = deadline;
        return deadline;
    }

    private void Forget(MovingDeadline ended) => moving.TryRemove(KeyValuePair.Create(ended.DeliveryId, ended));
}
