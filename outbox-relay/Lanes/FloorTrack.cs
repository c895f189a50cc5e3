namespace Sidecar.OutboxRelay.Lanes;

/// <summary>
/// Proves floors: ids below which no unread row can be, so that a read need not begin at the first row of the table.
/// </summary>
/// <remarks>
/// A row's transaction takes its number (xid) before it takes the row's id. So every row whose id is at most the value at
/// which the sequence was seen belongs to a transaction below the number that was next <em>after</em> that look. Once a
/// snapshot's xmax has reached that number, no such row can be of a transaction at or above xmax. Before that it can: xmax
/// is one more than the highest number that has ended, and a transaction above it may run and hold a small id.
/// In practice the floor is one poll old.
/// </remarks>
public sealed class FloorTrack
{
    /// <summary>Readings that are kept at most; the middle ones go first. While a transaction is old they all wait for it.</summary>
    public const int MaxReadings = 16;

    private const uint FirstNormalXid = 3;

    private readonly List<(long LastId, ulong NextXid)> waiting = [];
    private long proven;

    /// <summary>
    /// Notes a reading of the sequence.
    /// </summary>
    /// <param name="lastId">The sequence's last value.</param>
    /// <param name="nextXid">The number of the next transaction, read after the sequence or in the same statement.</param>
    public void Note(long lastId, ulong nextXid)
    {
        if (waiting.Count > 0 && waiting[^1].NextXid == nextXid)
        {
            waiting[^1] = (Math.Max(lastId, waiting[^1].LastId), nextXid);
            return;
        }

        if (waiting.Count == MaxReadings)
        {
            waiting.RemoveAt(MaxReadings / 2);
        }

        waiting.Add((lastId, nextXid));
    }

    /// <summary>The highest floor that is proven for a snapshot. To be asked of snapshots in the order in which they were taken.</summary>
    public long FloorOf(Snapshot snapshot)
    {
        var held = 0;
        while (held < waiting.Count && waiting[held].NextXid <= snapshot.Xmax)
        {
            proven = Math.Max(proven, waiting[held++].LastId);
        }

        waiting.RemoveRange(0, held);
        return proven;
    }

    /// <summary>
    /// The number of the next transaction in 64 bits. SQL shows it as <c>age('3'::xid)</c>, the 32 bits that lie between it
    /// and the first number there ever was, without using one up.
    /// </summary>
    /// <param name="xmax">Of a snapshot that was not taken after the age was read: the statement's own.</param>
    /// <param name="ageOfFirst">What <c>age('3'::xid)</c> answered.</param>
    public static ulong NextXid(ulong xmax, int ageOfFirst)
    {
        var next = (xmax & ~(ulong)uint.MaxValue) | unchecked((uint)ageOfFirst + FirstNormalXid);
        return next >= xmax ? next : next + (1UL << 32);
    }
}
