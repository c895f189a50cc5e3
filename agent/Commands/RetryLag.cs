using Confluent.Kafka;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.Commands;

/// <summary>What the group's offsets leave undone in retry topics.</summary>
/// <param name="reader">Asks Kafka.</param>
/// <param name="topics">The retry topics of a subscription.</param>
internal sealed class RetryLag(TopicReader reader, IReadOnlyList<string> topics)
{
    private readonly Dictionary<string, int> partitions =
        topics.ToDictionary(topic => topic, topic => reader.Consumer.PartitionCount(topic, TopicReader.RequestTimeout));

    /// <summary>Records of one partition, over all topics.</summary>
    /// <exception cref="KafkaException">Kafka does not answer, or refuses.</exception>
    public long Of(int partition)
    {
        var asked = topics.Where(topic => partitions[topic] > partition)
            .Select(topic => new PartitionOffset(topic, partition, -1, -1, "")).ToList();
        var error = reader.Consumer.Committed(asked, TopicReader.RequestTimeout, out var committed);
        if (error != ErrorCode.NoError)
        {
            throw new KafkaException(error);
        }

        return committed.Sum(one => Undone(one.Error, one.Offset));
    }

    private long Undone(ErrorCode error, PartitionOffset committed)
    {
        if (error != ErrorCode.NoError)
        {
            throw new KafkaException(error);
        }

        var marks = reader.Consumer.QueryWatermarks(new TopicPartition(committed.Topic, committed.Partition), TopicReader.RequestTimeout);
        return Math.Max(0, marks.High.Value - Math.Max(committed.Offset, marks.Low.Value));
    }
}
