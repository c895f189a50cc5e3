using Confluent.Kafka;
using Grpc.Core;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Source;
using Sidecar.Agent.Telemetry;
using Sidecar.Agent.Tests.Dispatch;
using Sidecar.Agent.Tracking;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Agent.Tests.Source;

/// <summary>Retry partitions that are read, come and go, on librdkafka's mock cluster.</summary>
public sealed class RetryReaderTests
{
    /// <summary>The number of that request in Kafka's protocol.</summary>
    private const short FetchRequest = 1;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Delay = TimeSpan.FromHours(1);
    private static readonly RetryTopicNames Names = RetryTopicsModel.Names;

    private static readonly AttemptOutcome Refused = new(AttemptEnd.Rejected, StatusCode.OutOfRange, "never", null);

    private readonly AgentTelemetry telemetry = OnMockKafka.Telemetry();
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
            new DispatchOptions { Retries = [Delay] }, new DeliveryOptions { OnExhausted = OnExhausted.Park },
            new BufferBudget(long.MaxValue), TimeProvider.System, new Random(1));
        reader = new RetryReader(
            new RetryRoute("s", "t", Names, [Delay], false), dispatcher, null, OnMockKafka.Connection(kafka), telemetry);
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

    [Test]
    public async Task Copies_behind_one_that_is_parked_keep_no_copy_of_another_key_from_being_read()
    {
        const int others = 10;
        await PutAsync(Delay, 0, 2 * RetryPartition.MaxOpen, _ => "parked", isDue: true);
        await PutAsync(Delay, 0, others, offset => $"other{offset}", isDue: true, from: 2 * RetryPartition.MaxOpen);
        using var source = Own(0);
        var (slots, taken, random) = (new SlotsInFlight(dispatcher, 1), 0, new Random(1));

        await Until.TrueAsync(
            () =>
            {
                for (slots.Collect(); slots.TryTakeOne(random, out var slot, out var queued); slots.Collect())
                {
                    var isOther = queued.Record.Position.Offset >= 2 * RetryPartition.MaxOpen;
                    taken += isOther ? 1 : 0;
                    dispatcher.Finish(queued, isOther ? AttemptOutcome.Delivered : Refused);
                    slots.Take(slot);
                }

                return taken == others;
            },
            Patience,
            "the others are delivered");

        Assert.That(dispatcher.Read(source, one => (one.ParkedEvents, one.HoldReason)), Is.EqualTo((1, "parked")));
    }

    [Test]
    public async Task A_retry_topic_that_is_missing_is_waited_for_no_longer_when_the_partitions_that_need_it_are_gone()
    {
        var route = new RetryRoute("s", "t", Names, [3 * Delay], false);
        using var lacking = new RetryReader(route, dispatcher, null, OnMockKafka.Connection(kafka), telemetry);
        using var first = dispatcher.Open("t", 0, new PartitionTracker(0, AckMap.Empty(0)));
        using var second = dispatcher.Open("t", 1, new PartitionTracker(0, AckMap.Empty(0)));
        lacking.Start();
        lacking.Add(first);
        lacking.Add(second);
        await Until.TrueAsync(() => telemetry.Waits.IsWaitingFor("retries:s"), Patience, "it is waited for");

        lacking.Remove(first);
        lacking.Remove(second);

        await Until.TrueAsync(() => !telemetry.Waits.IsWaitingFor("retries:s"), Patience, "nobody needs it");
        lacking.Stop();
        await lacking.Completion;
    }

    [Test]
    public async Task A_retry_topic_that_may_be_read_again_is_waited_for_no_longer()
    {
        using var source = Own(0);
        await KnownAsync(source);
        var refused = ErrorCode.TopicAuthorizationFailed;
        ((MockKafka)kafka).FailNext(FetchRequest, refused, refused, refused);
        await Until.TrueAsync(() => telemetry.Waits.IsWaitingFor("retries:s"), Patience, "it may not be read");

        await PutAsync(Delay, 0, 1);

        await Until.TrueAsync(() => !telemetry.Waits.IsWaitingFor("retries:s"), Patience, "it is read");
    }

    private PartitionWorker Own(int partition)
    {
        var source = dispatcher.Open("t", partition, new PartitionTracker(0, AckMap.Empty(0)));
        reader.Add(source);
        return source;
    }

    private Task KnownAsync(PartitionWorker source) => Until.TrueAsync(
        () => dispatcher.Read(source, one => one.Retries!.IsKnown), Patience, $"what waits of partition {source.Partition} is known");

    private Task PutAsync(TimeSpan delay, int partition, int count) => PutAsync(delay, partition, count, offset => $"k{offset}", false);

    private async Task PutAsync(TimeSpan delay, int partition, int count, Func<int, string> key, bool isDue, int from = 0)
    {
        using var producer = new DeadLetterProducer(
            KafkaProducer.Properties(kafka.BootstrapServers, new Dictionary<string, string>()), OnMockKafka.Keyring);
        var dueMs = (isDue ? DateTimeOffset.UnixEpoch : DateTimeOffset.MaxValue).ToUnixTimeMilliseconds();
        for (var offset = from; offset < from + count; offset++)
        {
            var provenance = new Provenance(new TopicPosition("t", partition, offset), 0, 8, 1, 1, "attempts_exhausted", null);
            var resend = new Resend(provenance, dueMs, LetterDetail.Full);
            var sent = await producer.ResendAsync(Records.Of(offset, key(offset), partition: partition), Names.AddressOf(delay), resend);
            Assert.That(sent.End, Is.EqualTo(ProduceEnd.Acknowledged), sent.Reason);
        }
    }
}
