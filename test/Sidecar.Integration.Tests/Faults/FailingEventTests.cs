using Grpc.Core;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Sidecar.Delivery.V1;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>An event that cannot be handled holds up its partition, says so, and loses nothing.</summary>
internal sealed class FailingEventTests
{
    private const int Partitions = 4;
    private const int Events = 400;
    private const int Attempts = 3;
    private const int BadEvent = 40;
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public Task An_event_that_fails_gets_its_attempts_and_then_its_partition_stands() =>
        StandsAndGoesOnAsync("failing", Answers.Status(StatusCode.Internal, "cannot"), Attempts, "attempts_exhausted");

    [Test]
    public Task An_event_that_is_rejected_makes_its_partition_stand_at_once() =>
        StandsAndGoesOnAsync("rejected", Reject(), 1, "rejected");

    private static async Task StandsAndGoesOnAsync(
        string name, RequestDelegate bad, int attempts, string reason)
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic(name);
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        inbox.Otherwise = delivered => IsBad(delivered) ? bad : null;
        using var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        var subscription = $"; attempts={Attempts}; backoff=10ms..50ms";
        int others;
        await using (var agent = await RunningAgent.StartAsync(kafka, topic, inbox, subscription))
        {
            await agent.Process.WaitForLineAsync("the partition stands at", Patience);
            await agent.MetricIsAsync(1, "sidecar_partition_standing", $"reason=\"{reason}\"");
            var standing = inbox.Seen.First(IsBad).Position.Partition;
            others = records.Produced - PartitionCount(kafka, topic, standing);
            await Until.TrueAsync(
                () => inbox.Taken.Count(taken => taken.Position.Partition != standing) == others,
                Patience,
                "the other partitions were delivered");
            Assert.That(inbox.Seen.Count(IsBad), Is.EqualTo(attempts));
            Assert.That(await agent.MetricAsync("sidecar_exhausted_total"), Is.EqualTo(1));
            Assert.That(await agent.StopAsync(), Is.Zero);
        }

        inbox.Otherwise = _ => null;
        await using var mended = await RunningAgent.StartAsync(kafka, topic, inbox, subscription);
        await inbox.HasAsync(Events, Patience);
        Assert.That(await mended.StopAsync(), Is.Zero);
        await TestContext.Out.WriteLineAsync($"{others} on other partitions went on\n{inbox.Ledger.Table()}");
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    private static bool IsBad(Event delivered) => delivered.Data.ToStringUtf8() == $"{BadEvent}";

    private static int PartitionCount(KafkaServer kafka, string topic, int partition) =>
        Records.Read(kafka, topic, Partitions).Count(record => record.Partition.Value == partition);

    private static RequestDelegate Reject() => Answers.Ok(new DeliverResponse
    {
        Result = new Result { Verdict = Verdict.Reject, Reason = "not for us" },
    }.ToByteArray());
}
