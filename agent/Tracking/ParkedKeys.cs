using System.IO.Hashing;

namespace Sidecar.Agent.Tracking;

/// <summary>What is to be done with an event whose turn seems to have come. A closed set.</summary>
public enum Turn
{
    /// <summary>No earlier event of its key waits: it may be delivered.</summary>
    Deliver,

    /// <summary>An earlier event of its key waits in a retry topic: it is put behind that one, and no attempt is made.</summary>
    Behind,

    /// <summary>Another copy of the same event waits in a retry topic: this one is done, the other one counts.</summary>
    Elsewhere,
}

/// <summary>Where an event waits: a record of a retry topic.</summary>
/// <param name="Delay">The delay of the topic, which tells it from the others of the subscription.</param>
/// <param name="Offset">The record's offset there.</param>
public readonly record struct RetryPlace(TimeSpan Delay, long Offset)
{
    /// <summary>When it is due, in milliseconds since the Unix epoch. It is no part of the place.</summary>
    public long DueMs { get; init; }

    /// <summary>It is the same record.</summary>
    internal bool IsAt(RetryPlace other) => Delay == other.Delay && Offset == other.Offset;

    /// <summary>Events move to longer delays, and within one topic to its end: of two copies this tells the later one.</summary>
    internal bool IsAfter(RetryPlace other) => Delay > other.Delay || (Delay == other.Delay && Offset > other.Offset);
}

/// <summary>Whose turn it is.</summary>
/// <param name="Turn">What is to be done.</param>
/// <param name="First">For <see cref="Turn.Behind"/>: where the earlier event waits.</param>
public readonly record struct TurnOf(Turn Turn, RetryPlace First);

/// <summary>
/// The events of one partition of a source topic that wait in retry topics, by their keys: what keeps the order of a key
/// while one of its events waits. An event is named by its offset in the source. Pure: no I/O, no clock, no lock.
/// </summary>
/// <remarks>
/// Invariant: an event is delivered only when no event of its key with a smaller offset waits. It rests on its owner: what
/// waits is told before the first question (<see cref="Found"/>), a copy is acknowledged before it is told
/// (<see cref="Moved"/>), and only after that the one it was copied from is done.
/// </remarks>
public sealed class ParkedKeys
{
    private readonly Dictionary<byte[], SortedList<long, RetryPlace>> keys = new(new KeyBytes());
    private readonly Dictionary<byte[], SortedList<long, RetryPlace>>.AlternateLookup<ReadOnlySpan<byte>> lookup;

    public ParkedKeys() => lookup = keys.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>Keys that have an event waiting.</summary>
    public int Keys => keys.Count;

    /// <summary>Events that wait.</summary>
    public int Events { get; private set; }

    /// <summary>
    /// A record that is not done was found in a retry topic, when the partition was assigned. Of two copies of an event,
    /// as a crash leaves them, the later one counts; both are there, so either would do.
    /// </summary>
    public void Found(ReadOnlySpan<byte> key, long offset, RetryPlace place)
    {
        if (!lookup.TryGetValue(key, out var waiting) || !waiting.TryGetValue(offset, out var known) || place.IsAfter(known))
        {
            Moved(key, offset, place);
        }
    }

    /// <summary>Kafka has acknowledged the event's record in a retry topic: there it waits now.</summary>
    public void Moved(ReadOnlySpan<byte> key, long offset, RetryPlace place)
    {
        if (!lookup.TryGetValue(key, out var waiting))
        {
            waiting = [];
            keys.Add(key.ToArray(), waiting);
        }

        Events += waiting.ContainsKey(offset) ? 0 : 1;
        waiting[offset] = place;
    }

    /// <summary>The event has come to its end: delivered, or acknowledged as a dead letter. It need not have waited.</summary>
    public void Ended(ReadOnlySpan<byte> key, long offset)
    {
        if (lookup.TryGetValue(key, out var waiting) && waiting.Remove(offset))
        {
            Events--;
            if (waiting.Count == 0)
            {
                lookup.Remove(key);
            }
        }
    }

    /// <summary>What is to be done with a record of the source topic.</summary>
    public TurnOf OfSource(ReadOnlySpan<byte> key, long offset) =>
        keys.Count == 0 || !lookup.TryGetValue(key, out var waiting) ? new(Turn.Deliver, default)
        : waiting.ContainsKey(offset) ? new(Turn.Elsewhere, default)
        : Among(waiting, offset);

    /// <summary>What is to be done with a record of a retry topic.</summary>
    public TurnOf OfRetry(ReadOnlySpan<byte> key, long offset, RetryPlace place) =>
        !lookup.TryGetValue(key, out var waiting) || !waiting.TryGetValue(offset, out var known) || !known.IsAt(place)
            ? new(Turn.Elsewhere, default)
            : Among(waiting, offset);

    private static TurnOf Among(SortedList<long, RetryPlace> waiting, long offset) =>
        waiting.GetKeyAtIndex(0) < offset ? new(Turn.Behind, waiting.GetValueAtIndex(0)) : new(Turn.Deliver, default);

    /// <summary>Compares keys by their bytes, where they lie.</summary>
    private sealed class KeyBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate) => XxHash3.HashToUInt64(alternate).GetHashCode();

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
