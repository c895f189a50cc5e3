namespace Sidecar.Agent.Kafka;

/// <summary>One header of a record to produce; a null value is not an empty one. Names are bytes, as Kafka has them.</summary>
internal readonly record struct OutgoingHeader(byte[] Name, byte[]? Value);

/// <summary>A record to produce. Null and empty are kept apart.</summary>
/// <param name="Topic">Where to.</param>
/// <param name="Partition">Where to; <see cref="ByKey"/>: by the hash of the key, any partition without one.</param>
/// <param name="Headers">The headers, in their order.</param>
internal sealed record OutgoingRecord(string Topic, int Partition, IReadOnlyList<OutgoingHeader> Headers)
{
    /// <summary>The partition follows from the key, by the hash that Kafka's own clients use.</summary>
    public const int ByKey = -1;
}
