using Sidecar.TestKit;

namespace Sidecar.LoadTest;

/// <summary>
/// Counts the deliveries of marked events, quickly: what came, what came again, what came out of order within its key,
/// and
/// when the first and the last came. Any thread may count.
/// </summary>
internal sealed class Tally
{
    private readonly int events;
    private readonly int keys;
    private readonly bool[] seen;
    private readonly int[] highest;
    private readonly Lock[] gates;
    private long distinct;
    private long duplicates;
    private long outOfOrder;
    private long unexpected;
    private long first;
    private long last;

    public Tally(int events, int keys)
    {
        this.events = events;
        this.keys = keys;
        seen = new bool[events];
        highest = new int[keys];
        Array.Fill(highest, -1);
        gates = [.. Enumerable.Range(0, keys).Select(_ => new Lock())];
    }

    public bool IsComplete => Interlocked.Read(ref distinct) >= events;

    /// <summary>From the first delivery to the last so far.</summary>
    public TimeSpan Elapsed =>
        TimeProvider.System.GetElapsedTime(Interlocked.Read(ref first), Interlocked.Read(ref last));

    public LedgerTable Table => new(
        events, Interlocked.Read(ref distinct), events - Interlocked.Read(ref distinct),
            Interlocked.Read(ref duplicates),
        Interlocked.Read(ref outOfOrder)) { Unexpected = Interlocked.Read(ref unexpected) };

    /// <summary>Whether this event was delivered.</summary>
    public bool Has(int index)
    {
        lock (gates[index % keys]) return seen[index];
    }

    /// <summary>Counts one delivery.</summary>
    /// <param name="index">The event's number, from its mark.</param>
    public void Count(int index)
    {
        var now = TimeProvider.System.GetTimestamp();
        Interlocked.CompareExchange(ref first, now, 0);
        Interlocked.Exchange(ref last, now);
        if (index < 0 || index >= events)
        {
            Interlocked.Increment(ref unexpected);
            return;
        }

        var key = index % keys;
        lock (gates[key])
        {
            if (seen[index])
            {
                Interlocked.Increment(ref duplicates);
                return;
            }

            seen[index] = true;
            if (index < highest[key]) Interlocked.Increment(ref outOfOrder);
            highest[key] = Math.Max(highest[key], index);
        }

        Interlocked.Increment(ref distinct);
    }
}
