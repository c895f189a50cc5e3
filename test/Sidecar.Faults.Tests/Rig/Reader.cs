using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>
/// What the topic holds, read as it comes into a <see cref="Ledger"/>: the key, and the version that the value begins
/// with.
/// </summary>
internal sealed class Reader : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Request = TimeSpan.FromSeconds(20);

    private readonly IConsumer<byte[], byte[]> consumer;
    private readonly List<TopicPartition> partitions;
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> highest;
    private readonly Dictionary<int, long> positions = [];
    private readonly Task reading;

    /// <param name="kafka">The cluster.</param>
    /// <param name="topic">It exists.</param>
    /// <param name="count">Its partitions.</param>
    /// <param name="before">A reader that was disposed, whose account goes on.</param>
    public Reader(KafkaServer kafka, string topic, int count, Reader? before = null)
    {
        Ledger = before?.Ledger ?? new Ledger();
        highest = before?.highest ?? [];
        partitions = [.. Enumerable.Range(0, count).Select(number => new TopicPartition(topic, number))];
        consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig(kafka.Client())
        {
            GroupId = "reader", EnableAutoCommit = false, AutoOffsetReset = AutoOffsetReset.Error,
            // A broker that stands still keeps this reader no longer than it keeps the relay.
            SocketTimeoutMs = 10_000,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        consumer.Assign(partitions.Select(partition => new TopicPartitionOffset(partition, 0)));
        reading = Task.Run(Read);
    }

    public Ledger Ledger { get; }

    /// <summary>The highest version of a key that was read; 0: none.</summary>
    public long Highest(string key)
    {
        lock (gate) return highest.GetValueOrDefault(key);
    }

    /// <summary>Waits until each key has come as far as this; false: the time was up.</summary>
    public Task<bool> ReachesAsync(IReadOnlyDictionary<string, long> versions, TimeSpan timeout) =>
        Until.SettledAsync(() => reading.IsFaulted || versions.All(key => Highest(key.Key) >= key.Value), timeout);

    /// <summary>What was read, and what Kafka holds, for messages.</summary>
    public string Describe()
    {
        try
        {
            var held = partitions.Sum(partition => consumer.QueryWatermarkOffsets(partition, Request).High.Value);
            return $"{partitions.Sum(Position)} of the {held} records that Kafka holds were read";
        }
        catch (KafkaException e)
        {
            return $"what Kafka holds is not known: {e.Error.Reason}";
        }
    }

    /// <summary>Reads on to where the partitions end now, so that repeats that come late are counted.</summary>
    public async Task ToTheEndAsync()
    {
        foreach (var partition in partitions)
        {
            var end = consumer.QueryWatermarkOffsets(partition, Request).High.Value;
            await Until.TrueAsync(
                () => reading.IsFaulted || Position(partition) >= end, RunOptions.Bound, $"{partition} is read to {end}");
        }

        if (reading.IsFaulted) await reading;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        consumer.Dispose();
        stopping.Dispose();
    }

    private long Position(TopicPartition partition)
    {
        lock (gate) return positions.GetValueOrDefault(partition.Partition.Value);
    }

    private void Read()
    {
        while (!stopping.IsCancellationRequested)
        {
            ConsumeResult<byte[], byte[]>? record;
            try
            {
                record = consumer.Consume(Poll);
            }
            catch (ConsumeException e) when (!e.Error.IsFatal)
            {
                // A broker that is away, or a topic that was deleted: it comes back, or the scenario says what is missing.
                continue;
            }

            if (record is not null) Take(record);
        }
    }

    private void Take(ConsumeResult<byte[], byte[]> record)
    {
        var (key, value) = (Encoding.UTF8.GetString(record.Message.Key), Encoding.UTF8.GetString(record.Message.Value));
        var version = long.Parse(value[..value.IndexOf(' ')], CultureInfo.InvariantCulture);
        Ledger.Deliver(key, version);
        lock (gate)
        {
            highest[key] = Math.Max(highest.GetValueOrDefault(key), version);
            // Nothing here is compacted or transactional: what this reader passed over would be its own fault.
            if (record.Offset.Value != positions.GetValueOrDefault(record.Partition.Value))
                throw new InvalidOperationException($"{record.TopicPartitionOffset} was read out of turn");
            positions[record.Partition.Value] = record.Offset.Value + 1;
        }
    }
}
