using Confluent.Kafka;

namespace Sidecar.Agent.Kafka;

/// <summary>An offset of a partition as the group knows it.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The offset; negative: the group has none.</param>
/// <param name="LeaderEpoch">The leader epoch of the record before it; -1: not known.</param>
/// <param name="Metadata">What was committed with it.</param>
internal readonly record struct PartitionOffset(
    string Topic, int Partition, long Offset, int LeaderEpoch, string Metadata);

/// <summary>A report of the client that is not a record.</summary>
/// <param name="Code">What happened.</param>
/// <param name="Topic">The topic that it concerns; empty: none.</param>
/// <param name="Partition">The partition that it concerns; -1: none.</param>
/// <param name="Text">The client's words.</param>
internal readonly record struct ClientReport(ErrorCode Code, string Topic, int Partition, string Text);
