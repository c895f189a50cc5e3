
namespace Sidecar.Agent.Contracts;

/// <summary>
/// One Kafka record as it was received: bytes that nobody alters. It owns one pooled buffer with key, value and headers
/// behind one another, from <see cref="RecordWriter"/> until <see cref="Release"/>, and knows nothing of the consumer
/// that it came from. Null and empty are kept apart everywhere.
/// </summary>
public sealed class EventRecord
{
    private readonly RecordBytes bytes;

    internal EventRecord(TopicPosition position, long timestampMs, in RecordBytes bytes)
    {
        Position = position;
        TimestampMs = timestampMs;
        this.bytes = bytes;
    }

    /// <summary>Where the record stands in Kafka.</summary>
    public TopicPosition Position { get; }

    /// <summary>The record's own timestamp in milliseconds since the Unix epoch; -1 where it has none.</summary>
    public long TimestampMs { get; }

    /// <summary>False: the key is null, which is not the same as empty.</summary>
    public bool HasKey => bytes.KeyLength >= 0;

    /// <summary>False: the value is null (a tombstone), which is not the same as empty.</summary>
    public bool HasValue => bytes.ValueLength >= 0;

    /// <summary>The key's bytes; empty where it is null.</summary>
    public ReadOnlySpan<byte> Key => bytes.Buffer.AsSpan(0, Math.Max(bytes.KeyLength, 0));

    /// <summary>The value's bytes; empty where it is null.</summary>
    public ReadOnlySpan<byte> Value => bytes.Buffer.AsSpan(Math.Max(bytes.KeyLength, 0), Math.Max(bytes.ValueLength, 0));

    /// <summary>The headers in their order; names may repeat.</summary>
    public RecordHeaders Headers =>
        new(bytes.Buffer.AsSpan(Math.Max(bytes.KeyLength, 0) + Math.Max(bytes.ValueLength, 0), bytes.HeadersLength));

    /// <summary>Bytes of memory that the record holds until it is released.</summary>
    public int HeldBytes => bytes.Buffer.Length;

    /// <summary>A record of its own that has only the place and the key of this one.</summary>
    public EventRecord KeyAlone()
    {
        var buffer = Key.IsEmpty ? [] : RecordBuffers.Rent(Key.Length);
        Key.CopyTo(buffer);
        return new EventRecord(Position, TimestampMs, new RecordBytes(buffer, bytes.KeyLength, ValueLength: -1, HeadersLength: 0));
    }

    /// <summary>Gives the buffer back. Once, by whoever saw the event reach its end; the record is not used after it.</summary>
    public void Release()
    {
        if (bytes.Buffer.Length > 0)
        {
            RecordBuffers.Return(bytes.Buffer);
        }
    }
}

/// <summary>How a record lies in its buffer: key, value, headers, behind one another.</summary>
/// <param name="Buffer">Holds all of it; may be longer.</param>
/// <param name="KeyLength">Bytes of the key; -1: it is null.</param>
/// <param name="ValueLength">Bytes of the value; -1: it is null.</param>
/// <param name="HeadersLength">Bytes of the packed headers.</param>
internal readonly record struct RecordBytes(byte[] Buffer, int KeyLength, int ValueLength, int HeadersLength);

/// <summary>The place of a record: topic, partition and offset.</summary>
public readonly record struct TopicPosition(string Topic, int Partition, long Offset)
{
    /// <summary>The event id of a record that carries no CloudEvents id: <c>topic/partition/offset</c>.</summary>
    public override string ToString() => $"{Topic}/{Partition}/{Offset}";
}
