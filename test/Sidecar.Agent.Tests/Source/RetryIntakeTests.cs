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

    [Test]
    public void What_is_committed_passes_nothing_that_waits_below_a_record_of_a_later_version([Values] bool hasOneOfOurs)
    {
        using var dispatcher = new Dispatcher(
            new DispatchOptions { Retries = [Delay] }, new DeliveryOptions(), new BufferBudget(long.MaxValue), new FakeTimeProvider(),
            new Random(1));
        using var source = dispatcher.Open("t", 0, new PartitionTracker(10, AckMap.Empty(10)));
        using var worker = dispatcher.Retries.Open(source, Topic, new PartitionTracker(0, AckMap.Empty(0)))!;
        var assigned = new AssignedPartition(dispatcher, source, 0);
        var intake = new RetryIntake(
            new RetryRoute("s", "t", RetryTopicsModel.Names, [Delay], false), dispatcher, null, NullLogger.Instance);
        var partition = new RetryPartition(
            new TopicPartition(Topic, 0), Delay, new StartPosition(0, -1, AckMap.Empty(0), 0, true), source, worker);

        Read(intake, partition, hasOneOfOurs);
        Assert.That(source.Standing, Does.StartWith("retry_record_newer"));
        Assert.That(CommittedOf(assigned), Is.Zero, "read for the first time");

        partition.IsScanned = true;
        Read(intake, partition, hasOneOfOurs);
        Assert.That(CommittedOf(assigned), Is.EqualTo(hasOneOfOurs ? 0 : 1), "and again, to be delivered");
    }

    private static void Read(RetryIntake intake, RetryPartition partition, bool hasOneOfOurs)
    {
        if (hasOneOfOurs)
        {
            intake.Read(partition, Waiting(), -1);
        }

        var newer = new OutgoingHeader(Encoding.UTF8.GetBytes(LetterHeaders.Retry), "2"u8.ToArray());
        intake.Read(partition, RetryTopicsModel.Written(Records.Of(1, "k"), [newer], new TopicPosition(Topic, 0, 1), 0), -1);
    }

    private static EventRecord Waiting()
    {
        var kafka = new RetryTopicsModel([], [Delay]);
        var provenance = new Provenance(new TopicPosition("t", 0, 3), 0, 8, 1, 1, "attempts_exhausted", null);
        kafka.Append(Records.Of(3, "k"), Delay, new Resend(provenance, 1000, LetterDetail.Full), 0);
        return kafka.Topics[Delay][0];
    }

    private static long CommittedOf(AssignedPartition assigned) =>
        assigned.Snapshot().Offsets.Single(offset => offset.Topic == Topic).Offset;
}
