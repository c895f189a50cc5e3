using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sidecar.Agent.Commit;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Source;
using Sidecar.Agent.Tests.Dispatch;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Source;

/// <summary>What is noted of the records of a retry partition, while it is read for the first time and after.</summary>
public sealed class RetryIntakeTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);
    private static readonly string Topic = RetryTopicsModel.Names.Of(Delay);

    private Dispatcher dispatcher = null!;
    private PartitionWorker source = null!;
    private PartitionWorker worker = null!;
    private RetryIntake intake = null!;
    private RetryPartition partition = null!;

    [SetUp]
    public void Open()
    {
        dispatcher = new Dispatcher(
            new DispatchOptions { Retries = [Delay] }, new DeliveryOptions(), new BufferBudget(long.MaxValue), new FakeTimeProvider(),
            new Random(1));
        source = dispatcher.Open("t", 0, new PartitionTracker(10, AckMap.Empty(10)));
        worker = dispatcher.Retries.Open(source, Topic, new PartitionTracker(0, AckMap.Empty(0)))!;
        intake = new RetryIntake(
            new RetryRoute("s", "t", RetryTopicsModel.Names, [Delay], false), dispatcher, null, NullLogger.Instance);
        partition = new RetryPartition(
            new TopicPartition(Topic, 0), Delay, new StartPosition(0, -1, AckMap.Empty(0), 0, true), source, worker);
    }

    [TearDown]
    public void Close()
    {
        worker.Dispose();
        source.Dispose();
        dispatcher.Dispose();
    }

    [Test]
    public void What_is_committed_passes_nothing_that_waits_below_a_record_of_a_later_version([Values] bool hasOneOfOurs)
    {
        Read(hasOneOfOurs);
        Assert.That(source.Standing, Does.StartWith("retry_record_newer"));
        Assert.That(Committed, Is.Zero, "read for the first time");

        partition.IsScanned = true;
        Read(hasOneOfOurs);
        Assert.That(Committed, Is.EqualTo(hasOneOfOurs ? 0 : 1), "and again, to be delivered");
    }

    [Test]
    public void What_is_read_of_a_partition_that_was_taken_away_moves_nothing([Values(LetterHeaders.Retry, "foreign")] string header)
    {
        partition.IsScanned = true;
        dispatcher.Close(source);
        Read(hasOneOfOurs: true, header);
        Assert.That(Committed, Is.Zero);
        Assert.That(source.Standing, Is.Null);
    }

    private long Committed => new AssignedPartition(dispatcher, source, 0)
        .Snapshot().Offsets.Single(offset => offset.Topic == Topic).Offset;

    private void Read(bool hasOneOfOurs, string header = LetterHeaders.Retry)
    {
        if (hasOneOfOurs)
        {
            intake.Read(partition, Waiting(), -1);
        }

        var other = new OutgoingHeader(Encoding.UTF8.GetBytes(header), "2"u8.ToArray());
        intake.Read(partition, RetryTopicsModel.Written(Records.Of(1, "k"), [other], new TopicPosition(Topic, 0, 1), 0), -1);
    }

    private static EventRecord Waiting()
    {
        var kafka = new RetryTopicsModel([], [Delay]);
        var provenance = new Provenance(new TopicPosition("t", 0, 3), 0, 8, 1, 1, "attempts_exhausted", null);
        kafka.Append(Records.Of(3, "k"), Delay, new Resend(provenance, 1000, LetterDetail.Full), 0);
        return kafka.Topics[Delay][0];
    }
}
