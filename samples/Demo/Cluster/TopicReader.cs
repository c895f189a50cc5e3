using Acme.Orders.V1;
using Confluent.Kafka;
using Sidecar.Demo.Tally;

namespace Sidecar.Demo.Cluster;

/// <summary>Reads the whole topic by itself, without a group, to see what Kafka really holds.</summary>
internal sealed class TopicReader : IDisposable
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollTime = TimeSpan.FromMilliseconds(100);

    private readonly IConsumer<Ignore, byte[]> _consumer;
    private readonly List<TopicPartition> _partitions;
    private readonly Dictionary<TopicPartition, long> _next = [];
    private readonly Ledger _ledger;

    public TopicReader(IDemoKafka kafka, Ledger ledger)
    {
        _ledger = ledger;
        var configuration = new ConsumerConfig
        {
            BootstrapServers = kafka.BootstrapServers,
            GroupId = "unused: partitions are assigned by hand",
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
        };
        _consumer = new ConsumerBuilder<Ignore, byte[]>(configuration).SetLogHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
        _partitions = [.. admin.GetMetadata(kafka.Topic, AnswerTime).Topics.Single().Partitions
            .Select(partition => new TopicPartition(kafka.Topic, partition.PartitionId))];
        _consumer.Assign(_partitions.Select(partition => new TopicPartitionOffset(partition, Offset.Beginning)));
    }

    public int Partitions => _partitions.Count;

    /// <summary>Reads along until it is told to stop.</summary>
    public Task FollowAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                ReadOne();
            }
        },
        CancellationToken.None);

    /// <summary>Reads what is still there, to the end of every partition as it is now.</summary>
    public void ReadToEnd(CancellationToken cancellationToken)
    {
        var ends = _partitions.ToDictionary(
            partition => partition, partition => _consumer.QueryWatermarkOffsets(partition, AnswerTime).High.Value);
        while (ends.Any(end => _next.GetValueOrDefault(end.Key) < end.Value))
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOne();
        }
    }

    public void Dispose()
    {
        _consumer.Close();
        _consumer.Dispose();
    }

    private void ReadOne()
    {
        if (_consumer.Consume(PollTime) is not { } record)
        {
            return;
        }

        _next[record.TopicPartition] = record.Offset.Value + 1;
        var order = OrderPlaced.Parser.ParseFrom(record.Message.Value);
        _ledger.AddInKafka(new OrderStep(order.OrderId, order.Sequence));
    }
}
