using Confluent.Kafka;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Commands;

/// <summary>What is undone in retry topics, as the group's commits tell.</summary>
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
        return Undone(committed, marks);
    }

    /// <summary>
    /// Records of one partition that are not done. Those above the committed offset may be: an event that is parked holds it back
    /// for as long as nobody acts, and all others pass.
    /// </summary>
    internal static long Undone(PartitionOffset committed, WatermarkOffsets marks)
    {
        var from = Math.Max(committed.Offset, marks.Low.Value);
        AckMapCodec.TryDecode(committed.Metadata, committed.Offset, out var map, out _);
        var done = map.Done.Sum(run => Math.Max(0, Math.Min(run.Last + 1, marks.High.Value) - Math.Max(run.First, from)));
        return Math.Max(0, marks.High.Value - from - done);
    }
}
