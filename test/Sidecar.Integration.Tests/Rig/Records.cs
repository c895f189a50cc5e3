using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Rig;

/// <summary>Puts marked records into a topic, in order within each key, and notes them as expected.</summary>
internal sealed class Records : IDisposable
{
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(60);

    private readonly string topic;
    private readonly int keys;
    private readonly IProducer<byte[]?, byte[]?> producer;
    private Error? refused;
    private int produced;

    public Records(KafkaServer kafka, string topic, int keys = 100, int maxBytes = 1_000_000)
    {
        this.topic = topic;
        this.keys = keys;
        var config = new ProducerConfig(kafka.Client())
        {
            EnableIdempotence = true,
            LingerMs = 5,
            MessageMaxBytes = maxBytes,
            Partitioner = Partitioner.Murmur2Random,
        };
        producer = new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).Build();
    }

    /// <summary>How many there are.</summary>
    public int Produced => Volatile.Read(ref produced);

    /// <summary>Produces so many more, and waits until Kafka has them.</summary>
    public void Add(int count, Ledger ledger)
    {
        // The producer's queue has room for so many, and refuses more.
        const int Room = 50_000;
        for (var i = 1; i <= count; i++)
        {
            AddOne(ledger);
            if (i % Room == 0 || i == count) Flush();
        }
    }

    /// <summary>Produces one more; Kafka has it after <see cref="Flush"/>.</summary>
    public void AddOne(Ledger ledger)
    {
        var key = $"key-{produced % keys}";
        ledger.Expect(key, produced);
        Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(produced.ToString(CultureInfo.InvariantCulture)));
        Interlocked.Increment(ref produced);
    }

    /// <summary>Produces one record as it is.</summary>
    public void Put(byte[]? key, byte[]? value, int? partition = null, params (string Name, byte[]? Value)[] headers)
    {
        var message = new Message<byte[]?, byte[]?> { Key = key, Value = value, Headers = [] };
        foreach (var (name, bytes) in headers) message.Headers.Add(name, bytes);
        producer.Produce(
            new TopicPartition(topic, partition ?? Partition.Any),
            message,
            report => refused ??= report.Error.IsError ? report.Error : null);
    }

    /// <summary>Produces one record with a header of this name.</summary>
    public void PutWithRawHeaderName(int partition, byte[] name) =>
        RawProduce.Produce(producer.Handle, topic, partition, name);

    public void Flush()
    {
        if (producer.Flush(FlushTimeout) > 0) throw new InvalidOperationException("Kafka did not take all in time");
        if (refused is not null) throw new InvalidOperationException($"Kafka refused a record: {refused.Reason}");
    }

    /// <summary>What the topic holds, from its beginning to its end as it is now.</summary>
    public static List<ConsumeResult<byte[], byte[]>> Read(KafkaServer kafka, string topic, int partitions)
    {
        var config = new ConsumerConfig(kafka.Client())
        {
            GroupId = "reader",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
        };
        using var consumer = new ConsumerBuilder<byte[], byte[]>(config).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(Enumerable.Range(0, partitions)
            .Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        var (found, ended) = (new List<ConsumeResult<byte[], byte[]>>(), 0);
        while (ended < partitions && consumer.Consume(FlushTimeout) is { } read)
        {
            if (read.IsPartitionEOF) ended++;
            else found.Add(read);
        }

        return found;
    }

    /// <summary>The same of all its partitions.</summary>
    public static List<ConsumeResult<byte[], byte[]>> ReadAll(KafkaServer kafka, string topic)
    {
        using var admin = kafka.Admin();
        return Read(kafka, topic, admin.GetMetadata(topic, FlushTimeout).Topics[0].Partitions.Count);
    }

    public void Dispose() => producer.Dispose();
}
