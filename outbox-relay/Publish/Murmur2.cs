using System.Buffers.Binary;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>
/// The hash by which Kafka's Java client places a key, and librdkafka's <c>murmur2_random</c> with it.
/// </summary>
public static class Murmur2
{
    private const uint Seed = 0x9747b28c;
    private const uint Multiplier = 0x5bd1e995;
    private const int Shift = 24;

    /// <summary>The partition of a key among so many.</summary>
    public static int Partition(ReadOnlySpan<byte> key, int partitions) =>
        (int)((Hash(key) & 0x7fffffff) % (uint)partitions);

    /// <summary>MurmurHash2, 32 bits.</summary>
    public static uint Hash(ReadOnlySpan<byte> key)
    {
        var hash = Seed ^ (uint)key.Length;
        for (; key.Length >= sizeof(uint); key = key[sizeof(uint)..])
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(key) * Multiplier;
            hash = (hash * Multiplier) ^ ((word ^ (word >> Shift)) * Multiplier);
        }

        if (key.Length > 0)
        {
            for (var i = key.Length - 1; i >= 0; i--)
            {
                hash ^= (uint)key[i] << (8 * i);
            }

            hash *= Multiplier;
        }

        hash = (hash ^ (hash >> 13)) * Multiplier;
        return hash ^ (hash >> 15);
    }
}
