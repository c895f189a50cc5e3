using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Source;
using Sidecar.Agent.Tests.Dispatch;
using Sidecar.Agent.Tracking;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Agent.Tests.Source;

/// <summary>Retry partitions that come and go, on librdkafka's mock cluster. Nothing is due while a test runs.</summary>
public sealed class RetryReaderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Delay = TimeSpan.FromHours(1);
    private static readonly RetryTopicNames Names = RetryTopicsModel.Names;

    private KafkaServer kafka = null!;
    private Dispatcher dispatcher = null!;
    private RetryReader reader = null!;

    [SetUp]
    public async Task BeginAsync()
    {
        kafka = await KafkaServer.StartMockAsync();
        await kafka.CreateTopicAsync("t", 2);
        await kafka.CreateTopicAsync(Names.Of(Delay), 2);
        dispatcher = new Dispatcher(
            new DispatchOptions { Retries = [Delay] }, new DeliveryOptions(), new BufferBudget(long.MaxValue), TimeProvider.System,
            new Random(1));
        reader = new RetryReader(
            new RetryRoute("s", "t", Names, [Delay], false), dispatcher, null, OnMockKafka.Connection(kafka), OnMockKafka.Telemetry());
        reader.Start();
    }

    [TearDown]
    public async Task EndAsync()
    {
        reader.Stop();
        await reader.Completion;
        reader.Dispose();
        dispatcher.Dispose();
        await kafka.DisposeAsync();
    }

    [Test]
    public async Task A_partition_that_went_while_enough_of_it_was_read_ahead_is_read_again_when_it_comes_back()
    {
        await PutAsync(Delay, 0, RetryPartition.MaxOpen + 1);
        using var first = Own(0);
        await KnownAsync(first);
        await Until.TrueAsync(
            () => dispatcher.Read(first, source => source.Kin[1].Tracker.Open) >= RetryPartition.MaxOpen, Patience, "it is read ahead");

        reader.Remove(first);
        dispatcher.Close(first);
        dispatcher.Forget(first);
        using var again = Own(0);

        await KnownAsync(again);
        Assert.That(dispatcher.Retries.Waiting(again).Events, Is.EqualTo(RetryPartition.MaxOpen + 1));
    }

    [Test]
    public async Task What_an_agent_with_one_more_delay_has_put_into_its_topic_is_known_to_those_that_run_without_it()
    {
        using var before = Own(0);
        await KnownAsync(before);
        await kafka.CreateTopicAsync(Names.Of(2 * Delay), 2);
        await PutAsync(2 * Delay, 1, 1);

        using var taken = Own(1);

        await KnownAsync(taken);
        Assert.That(dispatcher.Retries.Waiting(taken), Is.EqualTo((1, 1)));
    }

    private PartitionWorker Own(int partition)
    {
        var source = dispatcher.Open("t", partition, new PartitionTracker(0, AckMap.Empty(0)));
        reader.Add(source);
        return source;
    }

    private Task KnownAsync(PartitionWorker source) => Until.TrueAsync(
        () => dispatcher.Read(source, one => one.Retries!.IsKnown), Patience, $"what waits of partition {source.Partition} is known");

    private async Task PutAsync(TimeSpan delay, int partition, int count)
    {
        using var producer = new DeadLetterProducer(
            KafkaProducer.Properties(kafka.BootstrapServers, new Dictionary<string, string>()), OnMockKafka.Keyring);
        for (var offset = 0; offset < count; offset++)
        {
            var provenance = new Provenance(new TopicPosition("t", partition, offset), 0, 8, 1, 1, "attempts_exhausted", null);
            var resend = new Resend(provenance, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds(), LetterDetail.Full);
            var sent = await producer.ResendAsync(Records.Of(offset, $"k{offset}", partition: partition), Names.AddressOf(delay), resend);
            Assert.That(sent.End, Is.EqualTo(ProduceEnd.Acknowledged), sent.Reason);
        }
    }
}
