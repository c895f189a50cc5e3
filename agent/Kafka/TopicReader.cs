using Confluent.Kafka;
using Sidecar.Agent.Contracts;
using Sidecar.Credentials;

namespace Sidecar.Agent.Kafka;

/// <summary>
/// Reads topics outside of any group: what a command looks at. It commits nothing and joins nothing. One thread.
/// </summary>
internal sealed class TopicReader : IDisposable
{
    /// <summary>How long a request may take.</summary>
    public static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    private const int PollMs = 200;

    private readonly IConsumer<byte[], byte[]> consumer;
    private readonly KafkaConsumer polled;

    /// <param name="properties">Properties of a consumer; its group is only a name here.</param>
    /// <param name="keyring">The credentials.</param>
    /// <param name="trouble">Who hears why brokers refuse us.</param>
    public TopicReader(IReadOnlyDictionary<string, string> properties, Keyring keyring, BrokerTrouble trouble)
    {
        var own = properties.ToDictionary(StringComparer.Ordinal);
        own["enable.partition.eof"] = "true";
        own["auto.offset.reset"] = "earliest";
        own.Remove("statistics.interval.ms");
        var credentials = keyring.Current;
        credentials.AddTo(own);
        consumer = new ConsumerBuilder<byte[], byte[]>(own)
            .SetLogHandler((_, message) => trouble.Heard(message))
            .SetErrorHandler((_, error) => trouble.Heard(error, credentials, TimeProvider.System.GetUtcNow()))
            .Build();
        polled = new KafkaConsumer(keyring, _ => consumer);
    }

    /// <summary>The consumer that reads; for offsets of its group.</summary>
    public KafkaConsumer Consumer => polled;

    /// <summary>The topics that we may see.</summary>
    /// <exception cref="KafkaException">Kafka does not answer, or refuses.</exception>
    public List<string> Topics()
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        return [.. admin.GetMetadata(RequestTimeout).Topics.Select(topic => topic.Topic)];
    }

    /// <summary>Each partition of a topic with its first and its next offset; empty: there is no such topic.</summary>
    /// <exception cref="KafkaException">Kafka does not answer, or refuses.</exception>
    public List<(TopicPartition Partition, WatermarkOffsets Offsets)> Partitions(string topic)
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var found = admin.GetMetadata(topic, RequestTimeout).Topics[0];
        if (found.Error.Code is not (ErrorCode.NoError or ErrorCode.UnknownTopicOrPart))
        {
            throw new KafkaException(found.Error);
        }

        return found.Partitions
            .Select(partition => new TopicPartition(topic, partition.PartitionId))
            .OrderBy(partition => partition.Partition.Value)
            .Select(partition => (partition, polled.QueryWatermarks(partition, RequestTimeout)))
            .ToList();
    }

    /// <summary>The first offset of a record that is not older than this; the next offset where there is none.</summary>
    public long OffsetAt(TopicPartition partition, long unixMs)
    {
        var asked = new TopicPartitionTimestamp(partition, new Timestamp(unixMs, TimestampType.NotAvailable));
        var offset = consumer.OffsetsForTimes([asked], RequestTimeout)[0].Offset;
        return offset == Offset.End ? polled.QueryWatermarks(partition, RequestTimeout).High.Value : offset.Value;
    }

    /// <summary>
    /// The records of a partition from one offset up to another, or to its end as it is now. Each is released by whoever takes it.
    /// </summary>
    /// <exception cref="KafkaException">Kafka refuses.</exception>
    public IEnumerable<EventRecord> Read(TopicPartition partition, long from, long until)
    {
        if (from >= until)
        {
            yield break;
        }

        consumer.Assign(new TopicPartitionOffset(partition, from));
        polled.AssignmentChanged();
        while (true)
        {
            switch (polled.Poll(PollMs))
            {
                case Polled.Record when polled.Record!.Position.Offset >= until:
                    polled.Record.Release();
                    consumer.Unassign();
                    yield break;
                case Polled.Record when polled.Record!.Position.Offset == until - 1:
                    // Without this the end would be told half a second later.
                    yield return polled.Record;
                    consumer.Unassign();
                    yield break;
                case Polled.Record:
                    yield return polled.Record!;
                    break;
                case Polled.Report when polled.Report.Code == ErrorCode.Local_PartitionEOF:
                    consumer.Unassign();
                    yield break;
                case Polled.Report when polled.Report.Code
                    is ErrorCode.TopicAuthorizationFailed or ErrorCode.UnknownTopicOrPart or ErrorCode.OffsetOutOfRange:
                    throw new KafkaException(new Error(polled.Report.Code, polled.Report.Text));
                case Polled.Report or Polled.Nothing:
                    break;
            }
        }
    }

    public void Dispose()
    {
        consumer.Close();
        consumer.Dispose();
    }
}
