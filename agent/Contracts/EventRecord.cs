
namespace Sidecar.Agent.Contracts;

/// <summary>
/// One Kafka record as it was received: bytes that nobody alters. It owns one pooled buffer with key, value and headers
/// behind one another, from <see cref="RecordWriter"/> until <see cref="Release"/>, and knows nothing of the consumer
/// that it came from. Null and empty are kept apart everywhere.
/// </summary>
public sealed class EventRecord
{
    private readonly byte[] buffer;
    private readonly int keyLength;
    private readonly int valueLength;
    private readonly int headersLength;

    internal EventRecord(
        TopicPosition position, long timestampMs, byte[] buffer, int keyLength, int valueLength, int headersLength)
    {
        Position = position;
        TimestampMs = timestampMs;
        this.buffer = buffer;
        this.keyLength = keyLength;
        this.valueLength = valueLength;
        this.headersLength = headersLength;
    }

    /// <summary>Where the record stands in Kafka.</summary>
    public TopicPosition Position { get; }

    /// <summary>The record's own timestamp in milliseconds since the Unix epoch; -1 where it has none.</summary>
    public long TimestampMs { get; }

    /// <summary>False: the key is null, which is not the same as empty.</summary>
    public bool HasKey => keyLength >= 0;

    /// <summary>False: the value is null (a tombstone), which is not the same as empty.</summary>
    public bool HasValue => valueLength >= 0;

    /// <summary>The key's bytes; empty where it is null.</summary>
    public ReadOnlySpan<byte> Key => buffer.AsSpan(0, Math.Max(keyLength, 0));

    /// <summary>The value's bytes; empty where it is null.</summary>
    public ReadOnlySpan<byte> Value => buffer.AsSpan(Math.Max(keyLength, 0), Math.Max(valueLength, 0));

    /// <summary>The headers in their order; names may repeat.</summary>
    public RecordHeaders Headers =>
        new(buffer.AsSpan(Math.Max(keyLength, 0) + Math.Max(valueLength, 0), headersLength));

    /// <summary>Bytes of memory that the record holds until it is released.</summary>
    public int HeldBytes => buffer.Length;

    /// <summary>Gives the buffer back. Once, by whoever saw the event reach its end; the record is not used after it.</summary>
    public void Release()
    {
        if (buffer.Length > 0)
        {
            RecordBuffers.Return(buffer);
        }
    }
}

/// <summary>The place of a record: topic, partition and offset.</summary>
public readonly record struct TopicPosition(string Topic, int Partition, long Offset)
{
    /// <summary>The event id of a record that carries no CloudEvents id: <c>topic/partition/offset</c>.</summary>
    public override string ToString() => $"{Topic}/{Partition}/{Offset}";
}
