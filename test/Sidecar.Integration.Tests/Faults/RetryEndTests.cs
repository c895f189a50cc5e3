using Grpc.Core;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>After the last delay the event ends as it is configured: its key is parked, or its partition stands.</summary>
internal sealed class RetryEndTests
{
    private const int Partitions = 4;
    private const int Events = 400;
    private const int PerKey = Events / 100;
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [TestCase("park", "parked")]
    [TestCase("stop", "attempts_exhausted")]
    public async Task After_the_last_delay_the_key_or_the_partition_stands_until_the_agent_comes_again(string end, string reason)
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic($"retry-{end}");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic);
        var isMended = false;
        inbox.Otherwise = delivered => !Volatile.Read(ref isMended) && delivered.Data.ToStringUtf8() == "40"
            ? Answers.Status(StatusCode.Aborted, "never")
            : null;
        records.Add(Events, inbox.Ledger);
        var more = $"; attempts=1; backoff=10ms; on-exhausted={end}; retries=1s";
        await using (var agent = await RunningAgent.StartAsync(kafka, topic, inbox, more))
        {
            await agent.MetricIsAsync(1, "sidecar_partition_standing", $"reason=\"{reason}\"");
            await inbox.HasAsync(Events - PerKey, Patience);
            Assert.That(inbox.Taken.Select(taken => taken.Key.ToStringUtf8()), Has.No.Member("key-40"));
            Assert.That(await agent.MetricAsync("sidecar_parked_events"), Is.EqualTo(end == "park" ? 1 : 0));
            Assert.That(
                await agent.MetricAsync("sidecar_resends_total"), Is.LessThanOrEqualTo(PerKey + 1), "nothing goes round while it stands");
            Assert.That(await agent.MetricAsync("sidecar_retry_oldest_due_timestamp_seconds"), Is.Positive, "since when it is due");
            Assert.That(await agent.StopAsync(), Is.Zero);
        }

        Volatile.Write(ref isMended, true);
        await using var again = await RunningAgent.StartAsync(kafka, topic, inbox, more);
        await inbox.HasAsync(Events, Patience);
        await again.MetricIsAsync(0, "sidecar_retry_waiting_events");
        await again.MetricIsAsync(0, "sidecar_retry_oldest_due_timestamp_seconds");
        await again.MetricIsAsync(0, "sidecar_consumer_lag_records");
        Assert.That(await again.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }
}
