using Confluent.Kafka;
using Sidecar.Agent.Commit;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Source;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Agent.Tests.Source;

/// <summary>Partitions that come and go, on librdkafka's mock cluster.</summary>
public sealed class ConsumeLoopTests
{
    private const short HeartbeatApi = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task A_partition_that_was_paused_when_it_was_lost_is_read_when_it_comes_back()
    {
        await using var kafka = new MockKafka(1);
        await kafka.CreateTopicAsync("t", 1);
        var options = new DispatchOptions { Window = 16 };
        Produce(kafka, 10 * options.Window);
        using var dispatcher = new Dispatcher(
            options, new DeliveryOptions(), new BufferBudget(long.MaxValue), TimeProvider.System, new Random(1));
        var routes = new TopicRoutes([new TopicRoute("s", ["t"], StartAt.Earliest, dispatcher)]);
        using var loop = new ConsumeLoop(OnMockKafka.Connection(kafka), new CommitOptions(), routes, OnMockKafka.Telemetry());
        loop.Start();
        await Until.TrueAsync(() => loop.Partitions is [{ Why: "window is full" }], Patience, "it is paused: nobody takes its events");
        var paused = Ours(dispatcher);

        kafka.FailNext(HeartbeatApi, ErrorCode.UnknownMemberId);
        await Until.TrueAsync(() => Ours(dispatcher) is { } other && other != paused, Patience, "it is lost, and assigned again");

        await Until.TrueAsync(() => Ours(dispatcher) is { } again && OpenOf(dispatcher, again) > 0, Patience, "it is read again");
        loop.Stop();
        await loop.Completion;
    }

    private static PartitionWorker? Ours(Dispatcher dispatcher)
    {
        PartitionWorker? found = null;
        dispatcher.ReadAll(workers => found = workers.SingleOrDefault());
        return found;
    }

    private static int OpenOf(Dispatcher dispatcher, PartitionWorker worker) => dispatcher.Read(worker, one => one.Tracker.Open);

    private static void Produce(KafkaServer kafka, int count)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(kafka.Client()).SetLogHandler((_, _) => { }).Build();
        for (var number = 0; number < count; number++)
        {
            producer.Produce("t", new Message<Null, byte[]> { Value = BitConverter.GetBytes(number) });
        }

        Assert.That(producer.Flush(Patience), Is.Zero);
    }
}
