using System.Collections.Concurrent;
using System.Text;
using Confluent.Kafka;
using Grpc.Core;
using Sidecar.Delivery.V1;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>Events that fail wait in retry topics, their keys with them, and nobody else.</summary>
internal sealed class RetryTests
{
    private const int Partitions = 4;
    private const int Events = 400;
    private const string Tiers = "; attempts=2; backoff=10ms; on-exhausted=dead-letter; retries=1s,2s";
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task An_event_that_fails_waits_with_its_key_alone_and_is_delivered_in_order_when_due()
    {
        var (kafka, topic, inbox, records) = await BeginAsync("resent");
        await using var _ = inbox;
        using var __ = records;
        const int failing = 3;
        var attempts = new ConcurrentQueue<uint>();
        inbox.Otherwise = delivered =>
        {
            if (Number(delivered) != 40)
            {
                return null;
            }

            attempts.Enqueue((uint)delivered.Attempt);
            return attempts.Count <= failing ? Answers.Status(StatusCode.Aborted, "not now") : null;
        };
        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, Tiers);

        await inbox.HasAsync(Events, Patience);
        await agent.MetricIsAsync(0, "sidecar_consumer_lag_records");
        await agent.MetricIsAsync(0, "sidecar_retry_waiting_events");
        Assert.Multiple(() =>
        {
            Assert.That(attempts, Is.EqualTo(new uint[] { 1, 2, 3, 4 }), "two here, one after each delay");
            Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
            Assert.That(
                inbox.Taken.Select(taken => taken.Position.Topic).Distinct(), Is.EqualTo(new[] { topic }), "as if it had never waited");
            Assert.That(
                inbox.Taken.TakeLast(Events / 100).Select(taken => taken.Key.ToStringUtf8()), Is.All.EqualTo("key-40"), "others went on");
        });
        Assert.That(await agent.MetricAsync("sidecar_resends_total", "reason=\"attempts_exhausted\""), Is.EqualTo(2));
        Assert.That(await agent.MetricAsync("sidecar_resends_total", "reason=\"behind\""), Is.GreaterThanOrEqualTo((Events / 100) - 1));
        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    [Test]
    public async Task After_the_last_delay_the_event_is_a_dead_letter_of_its_source_and_its_key_goes_on()
    {
        var (kafka, topic, inbox, records) = await BeginAsync("spent");
        await using var _ = inbox;
        using var __ = records;
        inbox.Otherwise = delivered => Number(delivered) == 40 ? Answers.Status(StatusCode.Aborted, "never") : null;
        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, Tiers);

        await inbox.HasAsync(Events - 1, Patience);
        await agent.MetricIsAsync(1, "sidecar_dead_letters_total", "reason=\"attempts_exhausted\"");
        await agent.MetricIsAsync(0, "sidecar_retry_waiting_events");
        Assert.That(await agent.StopAsync(), Is.Zero);

        var letter = ReadAll(kafka, $"{topic}-group.test.dlq").Single();
        Assert.Multiple(() =>
        {
            Assert.That(Header(letter, "sidecar-original-topic"), Is.EqualTo(topic));
            Assert.That(Header(letter, "sidecar-attempts"), Is.EqualTo("4"));
            Assert.That(Encoding.UTF8.GetString(letter.Message.Value), Is.EqualTo("40"));
            Assert.That(letter.Message.Headers.Select(header => header.Key), Has.No.Member("sidecar-due").And.No.Member("sidecar-retry"));
            Assert.That(inbox.Ledger.Table().OutOfOrder, Is.Zero);
            Assert.That(inbox.Ledger.Table().Duplicates, Is.Zero);
        });
    }

    [Test]
    public async Task More_events_of_a_key_than_the_window_holds_wait_and_all_others_are_delivered()
    {
        const int keys = 2;
        var (kafka, topic, inbox, _) = await BeginAsync("window");
        await using var __ = inbox;
        using var records = new Records(kafka, topic, keys);
        var isMended = false;
        inbox.Otherwise = delivered =>
            !Volatile.Read(ref isMended) && Number(delivered) == 0 ? Answers.Status(StatusCode.Aborted, "not now") : null;
        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(
            kafka, topic, inbox, "; window=16; concurrency=16; attempts=1; backoff=10ms; on-exhausted=dead-letter; retries=8s");

        await inbox.HasAsync(Events / keys, Patience);
        await agent.MetricIsAsync(Events / keys, "sidecar_retry_waiting_events");
        await agent.MetricIsAsync(0, "sidecar_consumer_lag_records");
        Assert.That(inbox.Taken.Select(taken => taken.Key.ToStringUtf8()), Is.All.EqualTo("key-1"), "none of the key that waits");

        Volatile.Write(ref isMended, true);
        await inbox.HasAsync(Events, Patience);
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    [Test]
    public async Task What_waits_is_found_by_the_next_agent_and_its_key_waits_there_too()
    {
        var (kafka, topic, inbox, records) = await BeginAsync("found");
        await using var _ = inbox;
        using var __ = records;
        const string Long = "; attempts=1; backoff=10ms; on-exhausted=dead-letter; retries=8s";
        var isMended = false;
        inbox.Otherwise = delivered =>
            !Volatile.Read(ref isMended) && Number(delivered) == 40 ? Answers.Status(StatusCode.Aborted, "not now") : null;
        records.Add(Events, inbox.Ledger);
        await using (var first = await RunningAgent.StartAsync(kafka, topic, inbox, Long))
        {
            await inbox.HasAsync(Events - (Events / 100), Patience);
            await first.MetricIsAsync(Events / 100, "sidecar_retry_waiting_events");
            await first.MetricIsAsync(0, "sidecar_consumer_lag_records");
            Assert.That(await first.StopAsync(), Is.Zero);
        }

        Volatile.Write(ref isMended, true);
        records.Add(Events, inbox.Ledger);
        await using var second = await RunningAgent.StartAsync(kafka, topic, inbox, Long);
        await inbox.HasAsync(2 * Events, Patience);
        await second.MetricIsAsync(0, "sidecar_retry_waiting_events");
        Assert.That(second.Says($"{Events / 100} events of 1 keys wait") + second.Says("\"Events\":4,\"Keys\":1"), Is.EqualTo(1));
        Assert.That(await second.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    [Test]
    public async Task Kills_in_the_middle_lose_nothing_and_break_no_order()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var (_, topic, inbox, records) = await BeginAsync("killed");
        await using var _ = inbox;
        using var __ = records;
        const int all = 3000;
        var failures = new ConcurrentDictionary<int, int>();
        inbox.Otherwise = delivered => Number(delivered) % 61 == 7 && failures.AddOrUpdate(Number(delivered), 1, (_, n) => n + 1) < 4
            ? Answers.Status(StatusCode.Aborted, "not now")
            : null;
        records.Add(all, inbox.Ledger);
        var setup = new AgentSetup(kafka.BootstrapServers, topic, inbox.Address)
        {
            Subscription = "; attempts=2; backoff=10ms; on-exhausted=dead-letter; retries=1s,2s,3s", Flags = ["--session-timeout", "6s"],
        };
        foreach (var share in new[] { 0.3, 0.6, 0.9 })
        {
            await using var agent = await RunningAgent.StartAsync(setup);
            await inbox.HasAsync((int)(all * share), Patience);
            await agent.Process.KillAsync();
        }

        await using var last = await RunningAgent.StartAsync(setup);
        await inbox.HasAsync(all, Patience);
        await last.MetricIsAsync(0, "sidecar_retry_waiting_events");
        Assert.That(await last.StopAsync(), Is.Zero);
        var table = inbox.Ledger.Table();
        await TestContext.Out.WriteLineAsync($"3 SIGKILLs, {failures.Count} events that fail three times\n{table}");
        Assert.That(table.IsAtLeastOnce, Is.True, table.ToString());
        Assert.That(table.OutOfOrder, Is.Zero, table.ToString());
    }

    [Test]
    public async Task A_topic_that_is_absent_or_has_too_few_partitions_is_named_and_nothing_is_delivered_until_then()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var (_, topic, inbox, records) = await BeginAsync("absent");
        await using var _ = inbox;
        using var __ = records;
        records.Add(Events, inbox.Ledger);
        await kafka.CreateTopicAsync($"{topic}-group.test.retry.1s", Partitions - 1);
        await using var agent = await RunningAgent.StartAsync(new AgentSetup(kafka.BootstrapServers, topic, inbox.Address)
        {
            Subscription = Tiers, Flags = ["--create-topics", "false"],
        });
        await SaysAsync(agent, $"{topic}-group.test.retry.1s has 3 partitions and {topic} has 4");
        using (var admin = kafka.Admin())
        {
            await admin.CreatePartitionsAsync([new() { Topic = $"{topic}-group.test.retry.1s", IncreaseTo = Partitions }]);
        }

        await SaysAsync(agent, $"{topic}-group.test.retry.2s does not exist, and create-topics is false. Create it with 4 partitions");
        Assert.That(inbox.Count, Is.Zero);
        await kafka.CreateTopicAsync($"{topic}-group.test.retry.2s", Partitions);

        await inbox.HasAsync(Events, Patience);
        await agent.MetricIsAsync(0, "sidecar_waiting", "retries:test");
        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    [Test]
    public async Task A_record_that_is_not_ours_is_kept_as_a_dead_letter_and_one_of_a_later_version_stands()
    {
        var (kafka, topic, inbox, records) = await BeginAsync("foreign");
        await using var _ = inbox;
        using var __ = records;
        if (!kafka.IsMock)
        {
            await kafka.CreateTopicAsync($"{topic}-group.test.retry.1s", Partitions);
        }

        using (var strange = new Records(kafka, $"{topic}-group.test.retry.1s"))
        {
            strange.Put("k"u8.ToArray(), "foreign"u8.ToArray(), 0, ("mine", "1"u8.ToArray()));
            strange.Put("k"u8.ToArray(), "not kept"u8.ToArray(), 1);
            strange.Put("k"u8.ToArray(), "later"u8.ToArray(), 1, ("sidecar-retry", "2"u8.ToArray()));
            strange.Flush();
        }

        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, Tiers);
        await agent.MetricIsAsync(1, "sidecar_dead_letters_total", "reason=\"foreign_retry_record\"");
        await agent.MetricIsAsync(1, "sidecar_partition_standing", "reason=\"retry_record_newer\"", "partition=\"1\"");
        await Until.TrueAsync(
            () => inbox.Taken.Select(taken => taken.Position.Partition).Distinct().Count() == Partitions - 1, Patience, "the others go on");
        Assert.That(inbox.Taken.Select(taken => taken.Position.Partition), Has.No.Member(1));
        Assert.That(await agent.StopAsync(), Is.Zero);
        var letter = ReadAll(kafka, $"{topic}-group.test.dlq").Single();
        Assert.That(Encoding.UTF8.GetString(letter.Message.Value), Is.EqualTo("foreign"));
        Assert.That(CommittedOf(kafka, topic, 1), Is.LessThanOrEqualTo(0), "what was not kept is not passed");
    }

    /// <summary>The group's offset in a partition of the first retry topic.</summary>
    private static long CommittedOf(KafkaServer kafka, string topic, int partition)
    {
        using var group = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig(kafka.Client()) { GroupId = $"{topic}-group" }).SetLogHandler((_, _) => { }).Build();
        return group.Committed([new TopicPartition($"{topic}-group.test.retry.1s", partition)], Patience)[0].Offset.Value;
    }

    private static Task SaysAsync(RunningAgent agent, string text) => Until.TrueAsync(
        async () => (await agent.ReadyAsync()).Contains(text, StringComparison.Ordinal), Patience, $"/readyz says: {text}");

    private static async Task<(KafkaServer Kafka, string Topic, Inbox Inbox, Records Records)> BeginAsync(string name)
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic(name);
        await kafka.CreateTopicAsync(topic, Partitions);

        // The mock cluster creates no topic on request.
        foreach (var ours in kafka.IsMock ? new[] { "dlq", "retry.1s", "retry.2s", "retry.8s" } : [])
        {
            await kafka.CreateTopicAsync($"{topic}-group.test.{ours}", Partitions);
        }

        return (kafka, topic, await Inbox.StartAsync(), new Records(kafka, topic));
    }

    private static List<ConsumeResult<byte[], byte[]>> ReadAll(KafkaServer kafka, string topic)
    {
        using var admin = kafka.Admin();
        return Records.Read(kafka, topic, admin.GetMetadata(topic, Patience).Topics[0].Partitions.Count);
    }

    private static int Number(Event delivered) => int.TryParse(delivered.Data.ToStringUtf8(), out var number) ? number : -1;

    private static string Header(ConsumeResult<byte[], byte[]> record, string name) =>
        Encoding.UTF8.GetString(record.Message.Headers.Single(header => header.Key == name).GetValueBytes());
}
