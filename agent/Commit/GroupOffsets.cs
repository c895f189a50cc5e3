using Confluent.Kafka;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Commit;

/// <summary>What a group has committed for one partition.</summary>
/// <param name="Offset">The offset; negative: none.</param>
/// <param name="Map">What is done above it, and the attempts of what is open.</param>
/// <param name="StartPartitions">How many partitions the topic had when the group started in it; 0: not recorded.</param>
/// <param name="IsForeign">The metadata is not ours: it is ignored.</param>
internal readonly record struct GroupOffset(long Offset, AckMap Map, int StartPartitions, bool IsForeign);

/// <summary>
/// Reads and writes what a group has committed, from outside of the group. Kafka takes a commit from outside only while
/// the group has no members, so it cannot cross a running agent.
/// </summary>
internal sealed class GroupOffsets(KafkaConsumer consumer)
{
    /// <summary>What is committed for a partition.</summary>
    /// <exception cref="KafkaException">Kafka does not answer, or refuses.</exception>
    public GroupOffset Read(TopicPartition partition, TimeSpan timeout)
    {
        var asked = new PartitionOffset(partition.Topic, partition.Partition.Value, -1, -1, "");
        var error = consumer.Committed([asked], timeout, out var entries);
        var failed = error == ErrorCode.NoError ? entries[0].Error : error;
        if (failed != ErrorCode.NoError)
        {
            throw new KafkaException(failed);
        }

        var found = entries[0].Offset;
        if (found.Offset < 0)
        {
            return new GroupOffset(-1, AckMap.Empty(0), 0, IsForeign: false);
        }

        var isOurs = AckMapCodec.TryDecode(found.Metadata, found.Offset, out var map, out var startPartitions);
        return new GroupOffset(found.Offset, map, startPartitions, !isOurs && found.Metadata.Length > 0);
    }

    /// <summary>Commits a map and the offset that it stands on. Returns why Kafka did not take it; null: it did.</summary>
    public string? Write(TopicPartition partition, AckMap map, int startPartitions)
    {
        var metadata = map.IsEmpty && startPartitions == 0 ? "" : AckMapCodec.Encode(map, startPartitions);
        var error = consumer.CommitNow([new(partition.Topic, partition.Partition.Value, map.Committed, -1, metadata)]);
        return error switch
        {
            ErrorCode.NoError => null,
            ErrorCode.UnknownMemberId or ErrorCode.IllegalGeneration or ErrorCode.RebalanceInProgress =>
                "the group has members: stop its agents first (scale the service to 0)",
            _ => Librdkafka.Describe(error),
        };
    }
}
