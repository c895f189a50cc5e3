using Confluent.Kafka;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Rig;

/// <summary>What may be delivered again after a kill.</summary>
internal static class Uncommitted
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Different events that the application has acknowledged and the group's offsets, as read back now, do not cover.
    /// The ack map, which is committed beside them, covers a part of those: this is an upper bound.
    /// </summary>
    public static int Count(KafkaServer kafka, string topic, int partitions, Inbox inbox, string? group = null)
    {
        using var consumer = Reader(kafka, group ?? $"{topic}-group");
        var offsets = Offsets(consumer, topic, partitions);
        return inbox.Taken.Where(taken => taken.Position.Offset >= offsets[taken.Position.Partition])
            .Select(taken => taken.Position).Distinct().Count();
    }

    /// <summary>Records from the committed offsets to the ends of the partitions.</summary>
    public static long Records(KafkaServer kafka, string topic, int partitions)
    {
        using var consumer = Reader(kafka, $"{topic}-group");
        return Offsets(consumer, topic, partitions)
            .Sum(offset => consumer.QueryWatermarkOffsets(new TopicPartition(topic, offset.Key), Timeout).High - offset.Value);
    }

    private static IConsumer<Ignore, Ignore> Reader(KafkaServer kafka, string group) => new ConsumerBuilder<Ignore, Ignore>(
        new ConsumerConfig(kafka.Client()) { GroupId = group }).SetLogHandler((_, _) => { }).Build();

    private static Dictionary<int, long> Offsets(IConsumer<Ignore, Ignore> consumer, string topic, int partitions) => consumer.Committed(
        Enumerable.Range(0, partitions).Select(partition => new TopicPartition(topic, partition)), Timeout)
        .ToDictionary(offset => offset.Partition.Value, offset => Math.Max(0, offset.Offset.Value));
}
