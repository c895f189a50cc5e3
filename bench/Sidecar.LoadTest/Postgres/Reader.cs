using Confluent.Kafka;
using Sidecar.TestKit.Kafka;

namespace Sidecar.LoadTest.Postgres;

/// <summary>Reads a topic on a thread of its own, as soon as Kafka gives something, into an account.</summary>
internal sealed class Reader : IAsyncDisposable
{
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource stop = new();
    private readonly Account account;
    private readonly Task loop;

    public Reader(KafkaServer kafka, string topic, int partitions, Account account)
    {
        this.account = account;
        loop = Task.Factory.StartNew(
            () => Read(kafka, topic, partitions), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Waits until every row has come.</summary>
    /// <exception cref="InvalidOperationException">Nothing has come for a minute; with the relay's output.</exception>
    public async Task CompleteAsync(Started relay)
    {
        var (delivered, since) = (-1L, TimeProvider.System.GetTimestamp());
        while (!account.IsComplete)
        {
            if (loop.IsFaulted) await loop;
            var now = account.Table.Delivered;
            if (now != delivered) (delivered, since) = (now, TimeProvider.System.GetTimestamp());
            if (relay.Process.HasExited || TimeProvider.System.GetElapsedTime(since) > StallTimeout)
                throw new InvalidOperationException($"Kafka has {now:N0} of {account.Rows:N0} rows; the relay's output:\n"
                    + relay.Process.Output);
            await Task.Delay(Look, TimeProvider.System);
        }
    }

    /// <summary>Waits until all rows below this number have come.</summary>
    public async Task ReachAsync(int rows, Started relay)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (account.Table.Delivered < rows)
        {
            if (relay.Process.HasExited || TimeProvider.System.GetElapsedTime(since) > StallTimeout)
                throw new InvalidOperationException($"Kafka has {account.Table.Delivered:N0} of {rows:N0} rows; the relay's "
                    + "output:\n" + relay.Process.Output);
            await Task.Delay(Look, TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop;
        stop.Dispose();
    }

    private void Read(KafkaServer kafka, string topic, int partitions)
    {
        var config = new ConsumerConfig(kafka.Client()) { GroupId = "loadtest", EnableAutoCommit = false };
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(config).Build();
        consumer.Assign(Enumerable.Range(0, partitions).Select(
            partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        while (!stop.IsCancellationRequested)
        {
            if (consumer.Consume(Look) is { Message: not null } read) account.Arrive(Mark.Find(read.Message.Value));
        }

        consumer.Close();
    }
}
