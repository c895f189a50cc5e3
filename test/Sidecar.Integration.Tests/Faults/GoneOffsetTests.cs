using Confluent.Kafka;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>A committed offset that Kafka does not have: nobody but a person may say where the group goes on.</summary>
internal sealed class GoneOffsetTests
{
    private const int PerPartition = 50;
    private const string Subscription = "; attempts=1; on-exhausted=dead-letter; retries=1s";
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    /// <summary>Where the committed offset stands to what Kafka has.</summary>
    public enum Committed
    {
        BelowTheFirst,
        BeyondTheLast,
    }

    [Test]
    public async Task A_partition_whose_committed_offset_is_not_in_Kafka_stands_until_a_person_resets_it_and_others_go_on(
        [Values] Committed committed)
    {
        var (kafka, topic, inbox) = await BeginAsync($"gone-{committed}");
        await using var _ = inbox;
        const int deleted = 20;
        await CommitGoneAsync(kafka, topic, topic, committed, deleted);
        await using (var agent = await RunningAgent.StartAsync(kafka, topic, inbox))
        {
            await agent.MetricIsAsync(1, "sidecar_partition_standing", "reason=\"offset_out_of_range\"", "partition=\"0\"");
            await Until.TrueAsync(() => inbox.Count == PerPartition, Patience, "the other partition is delivered");
            Assert.That(inbox.Taken.Select(taken => taken.Position.Partition), Is.All.EqualTo(1));
            Assert.That(await agent.StopAsync(), Is.Zero);
        }

        var begins = committed == Committed.BelowTheFirst ? deleted : 0;
        Commit(kafka, topic, new TopicPartitionOffset(topic, 0, begins));
        await using var again = await RunningAgent.StartAsync(kafka, topic, inbox);
        await inbox.HasAsync((2 * PerPartition) - begins, Patience);
        Assert.That(await again.StopAsync(), Is.Zero);
        Assert.That(inbox.Count, Is.EqualTo((2 * PerPartition) - begins));
    }

    [Test]
    public async Task A_partition_whose_retry_topic_lost_what_waits_stands_until_a_person_resets_it_and_others_go_on(
        [Values] Committed committed)
    {
        var (kafka, topic, inbox) = await BeginAsync($"waits-{committed}");
        await using var _ = inbox;
        var retry = $"{topic}-group.test.retry.1s";
        await kafka.CreateTopicAsync(retry, 2);
        using (var copies = new Records(kafka, retry))
        {
            copies.Put("k"u8.ToArray(), "of another"u8.ToArray(), 0);
            copies.Put("k"u8.ToArray(), "of another"u8.ToArray(), 0);
            copies.Flush();
        }

        await CommitGoneAsync(kafka, topic, retry, committed, deleted: 1);
        await using (var agent = await RunningAgent.StartAsync(kafka, topic, inbox, Subscription))
        {
            await agent.MetricIsAsync(1, "sidecar_partition_standing", "reason=\"retry_offset_out_of_range\"", "partition=\"0\"");
            await Until.TrueAsync(() => inbox.Count == PerPartition, Patience, "the other partition is delivered");
            Assert.That(inbox.Taken.Select(taken => taken.Position.Partition), Is.All.EqualTo(1));
            Assert.That(await agent.StopAsync(), Is.Zero);
        }

        Commit(kafka, topic, new TopicPartitionOffset(retry, 0, 2));
        await using var again = await RunningAgent.StartAsync(kafka, topic, inbox, Subscription);
        await inbox.HasAsync(2 * PerPartition, Patience);
        Assert.That(await again.StopAsync(), Is.Zero);
        Assert.That(inbox.Count, Is.EqualTo(2 * PerPartition));
    }

    private static async Task<(KafkaServer Kafka, string Topic, Inbox Inbox)> BeginAsync(string name)
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic(name);
        await kafka.CreateTopicAsync(topic, 2);
        using var records = new Records(kafka, topic);
        for (var number = 0; number < 2 * PerPartition; number++)
        {
            records.Put(BitConverter.GetBytes(number), "v"u8.ToArray(), number % 2);
        }

        records.Flush();
        return (kafka, topic, await Inbox.StartAsync());
    }

    /// <summary>Partition 0 of a topic: the group's offset is one that Kafka does not have.</summary>
    private static async Task CommitGoneAsync(KafkaServer kafka, string topic, string of, Committed committed, int deleted)
    {
        Commit(kafka, topic, new TopicPartitionOffset(of, 0, committed == Committed.BelowTheFirst ? 0 : 1_000));
        if (committed == Committed.BelowTheFirst)
        {
            using var admin = kafka.Admin();
            await admin.DeleteRecordsAsync([new TopicPartitionOffset(of, 0, deleted)]);
        }
    }

    private static void Commit(KafkaServer kafka, string topic, TopicPartitionOffset offset)
    {
        using var person = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig(kafka.Client()) { GroupId = $"{topic}-group" }).SetLogHandler((_, _) => { }).Build();
        person.Commit([offset]);
    }
}
