using System.Buffers.Binary;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// What of one source partition waits in retry topics: shared by its worker and those of its retry partitions. Guarded by
/// the dispatcher's lock.
/// </summary>
internal sealed class PartitionRetries(Ordering ordering)
{
    /// <summary>
    /// Events of one source partition that may wait in retry topics; above it the partition takes no more, until some
    /// have come to their end. Each costs some hundred bytes of memory here, besides its key.
    /// </summary>
    public const int MaxWaiting = 20_000;

    // An event without a key waits for none, but is told from its other copies all the same: it is a key of its own.
    private readonly ParkedKeys byKey = new();
    private readonly ParkedKeys byEvent = new();
    /// <summary>Everything that waits is known: events may be delivered.</summary>
    public bool IsKnown { get; set; }

    /// <summary>Events whose turn came before that.</summary>
    public List<LaneEntry> Early { get; } = [];

    /// <summary>Events that wait in retry topics.</summary>
    public int Events => byKey.Events + byEvent.Events;

    /// <summary>Keys that have such an event.</summary>
    public int Keys => byKey.Keys;

    /// <summary>What is to be done with an event whose turn seems to have come.</summary>
    /// <param name="record">The event.</param>
    /// <param name="read">The record of a retry topic that it was read from; null: it was read from its source.</param>
    public TurnOf TurnOf(EventRecord record, RetryPlace? read)
    {
        Span<byte> own = stackalloc byte[sizeof(long)];
        var offset = record.Position.Offset;
        var keys = For(record, own, out var key);
        return read is { } place ? keys.OfRetry(key, offset, place) : keys.OfSource(key, offset);
    }

    /// <summary>A copy that is not done was found in a retry topic, before anything is delivered.</summary>
    public void Found(EventRecord record, RetryPlace place)
    {
        Span<byte> own = stackalloc byte[sizeof(long)];
        For(record, own, out var key).Found(key, record.Position.Offset, place);
    }

    /// <summary>Kafka has acknowledged a copy of the event: there it waits now.</summary>
    public void Moved(EventRecord record, RetryPlace place)
    {
        Span<byte> own = stackalloc byte[sizeof(long)];
        For(record, own, out var key).Moved(key, record.Position.Offset, place);
    }

    /// <summary>The event has come to its end.</summary>
    public void Ended(EventRecord record)
    {
        Span<byte> own = stackalloc byte[sizeof(long)];
        For(record, own, out var key).Ended(key, record.Position.Offset);
    }

    private ParkedKeys For(EventRecord record, Span<byte> own, out ReadOnlySpan<byte> key)
    {
        if (ordering == Ordering.Key && record.HasKey)
        {
            key = record.Key;
            return byKey;
        }

        BinaryPrimitives.WriteInt64BigEndian(own, record.Position.Offset);
        key = own;
        return byEvent;
    }
}
