using System.Diagnostics;
using System.Numerics;

namespace Sidecar.Agent.Tracking;

/// <summary>
/// The ledger of one assigned partition: which records were begun, which are done, what may be committed. It is pure: no
/// I/O, no clock, no lock (its owner holds one). It tracks what was received, never an arithmetic range, because offsets
/// have holes (compaction, transactions); a hole counts with the records before it.
/// </summary>
/// <remarks>
/// Invariant: <see cref="Committable"/> never passes a record that was begun and is not done. Work of another assignment
/// belongs to another tracker and cannot change this one.
/// </remarks>
public sealed class PartitionTracker
{
    private const int InitialCapacity = 256;

    private readonly AckMap restored;
    private Entry[] ring = new Entry[InitialCapacity];
    private long head;              // ticket of the oldest record that is not behind the low-water mark
    private long tail;              // ticket that the next record gets
    private long lastBegun;
    private long drainedTo;         // what is committable when nothing is open
    private int runs;               // runs of done records above the low-water mark
    private int retried;            // open records with attempts behind them

    /// <summary>Starts at the position that the partition is read from.</summary>
    /// <param name="position">The first offset that is not behind the low-water mark.</param>
    /// <param name="restored">What an earlier owner had done above it.</param>
    public PartitionTracker(long position, AckMap restored)
    {
        this.restored = restored;
        drainedTo = position;
        lastBegun = position - 1;
    }

    /// <summary>The offset to commit: the lowest record that is not done, or the one after the last that was begun.</summary>
    public long Committable => head == tail ? drainedTo : Slot(head).Offset;

    /// <summary>The leader epoch of the last record behind <see cref="Committable"/>; -1 where it is not known.</summary>
    public int LeaderEpoch { get; private set; } = -1;

    /// <summary>The timestamp of the lowest record that is not done, in milliseconds since the Unix epoch; null: none is open.</summary>
    public long? OldestOpenMs => head == tail ? null : Slot(head).TimestampMs;

    /// <summary>Records at or above the low-water mark that were begun, done or not: what the window counts.</summary>
    public int Count => (int)(tail - head);

    /// <summary>Records that were begun and are not done.</summary>
    public int Open { get; private set; }

    /// <summary>Counts up with every change that a commit would tell Kafka of.</summary>
    public long Version { get; private set; }

    /// <summary>
    /// An upper bound of what <see cref="Map"/> takes, in bytes: of the two encodings the smaller, as far as it can be
    /// bounded without walking the records.
    /// </summary>
    public int MapBytesBound
    {
        get
        {
            var carriesOver = restored.Last > lastBegun;
            var allRuns = runs + (carriesOver ? restored.Done.Count : 0);
            var allRetried = Math.Min(retried + (carriesOver ? restored.Attempts.Count : 0), AckMap.MaxAttempts);
            if (allRuns == 0 && allRetried == 0)
            {
                return 0;
            }

            var span = (ulong)(Math.Max(lastBegun, restored.Last) - Committable + 1);
            var varint = (BitOperations.Log2(span | 1) / 7) + 1;
            var asRuns = (long)allRuns * 2 * varint;
            return (int)Math.Min(asRuns, (long)(span / 8) + 1) + (allRetried * (varint + 2)) + AckMap.FixedBytes;
        }
    }

    /// <summary>
    /// Begins the next record. Returns its ticket, or <see cref="Beginning.Done"/> or <see cref="Beginning.Repeated"/>
    /// where there is nothing to deliver: an earlier owner had done it, or the client handed it out twice.
    /// </summary>
    public Beginning Begin(long offset, int leaderEpoch, long timestampMs)
    {
        if (offset <= lastBegun)
        {
            return new(Beginning.Repeated, 0);
        }

        lastBegun = offset;
        var done = restored.IsDone(offset);
        Version += done ? 1 : 0;
        if (done && head == tail)
        {
            drainedTo = offset + 1;
            LeaderEpoch = leaderEpoch;
            return new(Beginning.Done, 0);
        }

        if (Count == ring.Length)
        {
            Grow();
        }

        var ticket = tail++;
        var (_, attempts, interruptions) = done ? new(offset, 0) : restored.BehindOf(offset);
        Slot(ticket) = new Entry(offset, leaderEpoch, timestampMs)
        {
            Done = done,
            Attempts = (byte)attempts,
            Interruptions = (byte)interruptions,
        };
        if (done)
        {
            runs += IsDone(ticket - 1) ? 0 : 1;
            return new(Beginning.Done, 0);
        }

        Open++;
        retried += attempts + interruptions > 0 ? 1 : 0;
        return new(ticket, attempts, interruptions);
    }

    /// <summary>Marks a record as done. Once per ticket; a second time is a bug that would commit what is not done.</summary>
    public void Complete(long ticket)
    {
        ref var entry = ref Slot(ticket);
        if (ticket < head || ticket >= tail || entry.Done)
        {
            throw new InvalidOperationException($"Ticket {ticket} is not open: the ledger holds {head} to {tail}.");
        }

        entry.Done = true;
        Open--;
        Version++;
        retried -= entry.IsRetried ? 1 : 0;
        runs += 1 - (IsDone(ticket - 1) ? 1 : 0) - (IsDone(ticket + 1) ? 1 : 0);
        if (ticket == head)
        {
            Advance();
        }
    }

    /// <summary>Notes how many attempts a record has behind it, so that the count survives this assignment.</summary>
    public void Attempted(long ticket, int attempts, int interruptions = 0)
    {
        ref var entry = ref Slot(ticket);
        Debug.Assert(ticket >= head && ticket < tail && !entry.Done, "only an open record is attempted");
        retried -= entry.IsRetried ? 1 : 0;
        entry.Attempts = (byte)Math.Min(attempts, byte.MaxValue);
        entry.Interruptions = (byte)Math.Min(interruptions, byte.MaxValue);
        retried += entry.IsRetried ? 1 : 0;
        Version++;
    }

    /// <summary>What is done above <see cref="Committable"/>, for whoever reads the partition next.</summary>
    public AckMap Map()
    {
        var map = new AckMap.Builder(Committable);
        for (var ticket = head; ticket < tail; ticket++)
        {
            ref var entry = ref Slot(ticket);
            if (entry.Done)
            {
                map.Done(entry.Offset, continues: ticket > head && Slot(ticket - 1).Done);
            }
            else if (entry.IsRetried)
            {
                map.Attempted(entry.Offset, entry.Attempts, entry.Interruptions);
            }
        }

        // What an earlier owner had done and this one has not come to yet must not be forgotten on the way.
        map.CarryOver(restored, lastBegun);
        return map.Build();
    }

    private void Advance()
    {
        runs--;
        while (head < tail && Slot(head).Done)
        {
            LeaderEpoch = Slot(head).LeaderEpoch;
            drainedTo = Slot(head).Offset + 1;
            head++;
        }
    }

    private bool IsDone(long ticket) => ticket >= head && ticket < tail && Slot(ticket).Done;

    private ref Entry Slot(long ticket) => ref ring[ticket & (ring.Length - 1)];

    private void Grow()
    {
        var larger = new Entry[ring.Length * 2];
        for (var ticket = head; ticket < tail; ticket++)
        {
            larger[ticket & (larger.Length - 1)] = Slot(ticket);
        }

        ring = larger;
    }

    private struct Entry(long offset, int leaderEpoch, long timestampMs)
    {
        public readonly long Offset = offset;
        public readonly long TimestampMs = timestampMs;
        public readonly int LeaderEpoch = leaderEpoch;
        public byte Attempts;
        public byte Interruptions;
        public bool Done;

        public readonly bool IsRetried => Attempts > 0 || Interruptions > 0;
    }
}

/// <summary>What <see cref="PartitionTracker.Begin"/> says of a record.</summary>
/// <param name="Ticket">Its place in the ledger, or one of the constants.</param>
/// <param name="Attempts">Attempts that earlier owners of the partition have spent on it.</param>
/// <param name="Interruptions">Connections that were lost while it was in flight alone.</param>
public readonly record struct Beginning(long Ticket, int Attempts, int Interruptions = 0)
{
    /// <summary>An earlier owner has done it: there is nothing to deliver, and the ledger has noted it.</summary>
    public const long Done = -1;

    /// <summary>The subscription's filter leaves it out: it is done without a delivery.</summary>
    public const long Filtered = -3;

    /// <summary>It was begun before in this assignment: it is not looked at again.</summary>
    public const long Repeated = -2;
}
