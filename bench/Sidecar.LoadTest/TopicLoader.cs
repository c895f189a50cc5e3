using Confluent.Kafka;
using Sidecar.TestKit.Kafka;

namespace Sidecar.LoadTest;

/// <summary>Marked events, by their numbers.</summary>
/// <param name="First">The number of the first.</param>
/// <param name="Count">How many.</param>
/// <param name="Keys">How many keys the numbers are spread over.</param>
/// <param name="ValueBytes">The size of a value, in bytes.</param>
internal sealed record Batch(int First, int Count, int Keys, int ValueBytes);

/// <summary>Puts marked events into a topic, and reads them back.</summary>
internal static class TopicLoader
{
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Produces the events of a batch: each with two headers, in order within its key.</summary>
    public static void Load(KafkaServer kafka, string topic, Batch batch)
    {
        var config = new ProducerConfig(kafka.Client())
        {
            EnableIdempotence = true,
            LingerMs = 20,
            BatchSize = 512 * 1024,
            QueueBufferingMaxMessages = 100_000,
            Partitioner = Partitioner.Murmur2Random,
        };
        Error? refused = null;
        using var producer = new ProducerBuilder<byte[], byte[]>(config).Build();
        var chance = new Random(1);
        for (var i = batch.First; i < batch.First + batch.Count; i++)
        {
            var value = new byte[batch.ValueBytes];
            chance.NextBytes(value.AsSpan(Mark.Length));
            Mark.Write(value, i);
            var message = new Message<byte[], byte[]>
            {
                Key = Mark.Key(i, batch.Keys), Value = value, Headers = Headers(i),
            };
            while (!TryProduce(message)) producer.Poll(TimeSpan.FromMilliseconds(10));
            if (refused is not null) throw new InvalidOperationException($"Kafka refused an event: {refused.Reason}");
        }

        if (producer.Flush(FlushTimeout) > 0)
            throw new InvalidOperationException("Kafka did not take all events in time");
        if (refused is not null) throw new InvalidOperationException($"Kafka refused an event: {refused.Reason}");

        bool TryProduce(Message<byte[], byte[]> message)
        {
            try
            {
                producer.Produce(topic, message, report => refused ??= report.Error.IsError ? report.Error : null);
                return true;
            }
            catch (ProduceException<byte[], byte[]> e) when (e.Error.Code == ErrorCode.Local_QueueFull)
            {
                return false;
            }
        }
    }

    /// <summary>Reads a topic from its beginning and counts its marks, until all have come or no more do.</summary>
    public static void ReadBack(KafkaServer kafka, string topic, int partitions, Tally tally)
    {
        var config = new ConsumerConfig(kafka.Client()) { GroupId = "loadtest", EnableAutoCommit = false,
            EnablePartitionEof = true };
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(config).Build();
        consumer.Assign(Enumerable.Range(0, partitions).Select(
            partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        var ended = 0;
        while (ended < partitions && consumer.Consume(ReadTimeout) is { } read)
        {
            if (read.IsPartitionEOF) ended++;
            else tally.Count(Mark.Find(read.Message.Value));
        }
    }

    /// <summary>How many records the topic holds.</summary>
    public static long Count(IConsumer<Ignore, Ignore> consumer, string topic, int partitions) =>
        Enumerable.Range(0, partitions).Sum(partition =>
            consumer.QueryWatermarkOffsets(new TopicPartition(topic, partition), ReadTimeout).High.Value);

    private static Headers Headers(int index) =>
        new() { { "ce_type", "sidecar.loadtest.v1.Event"u8.ToArray() }, { "number", BitConverter.GetBytes(index) } };
}
