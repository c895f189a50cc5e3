using System.Text;
using Confluent.Kafka;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>
/// The exact size of a record in a batch of its own, uncompressed: what a broker compares with its limit.
/// </summary>
public static class RecordSize
{
    private const int BatchOverhead = 61;
    private const int AttributesAndDeltas = 3;

    /// <summary>Bytes of a batch (magic 2) that holds this record alone.</summary>
    public static long Of(Message<byte[]?, byte[]?> message)
    {
        var size = AttributesAndDeltas + Part(message.Key) + Part(message.Value) + VarInt(message.Headers.Count);
        foreach (var header in message.Headers)
        {
            var name = Encoding.UTF8.GetByteCount(header.Key);
            size += VarInt(name) + name + Part(header.GetValueBytes());
        }

        return BatchOverhead + VarInt(size) + size;
    }

    private static long Part(byte[]? bytes) => bytes is null ? 1 : VarInt(bytes.Length) + bytes.Length;

    private static int VarInt(long value)
    {
        var bytes = 1;
        for (var zigzag = value << 1; zigzag >= 0x80; zigzag >>= 7)
        {
            bytes++;
        }

        return bytes;
    }
}
