using System.Text;
using Confluent.Kafka;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Sidecar.Delivery.V1;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>An event that nobody can handle ends where it was configured to end, and takes nothing else with it.</summary>
internal sealed class DeadLetterTests
{
    private const int Partitions = 4;
    private const int Events = 400;
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task A_rejected_event_goes_to_the_dead_letter_topic_whole_and_everything_else_is_delivered()
    {
        var (kafka, topic, inbox, records) = await BeginAsync("dead");
        await using var _ = inbox;
        using var __ = records;
        inbox.Otherwise = delivered => IsOneIn(delivered, 10) ? Reject("the sum is\nwrong") : null;
        records.Put("bytes"u8.ToArray(), null, 1, ("n", null), ("e", []));
        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; on-exhausted=dead-letter");

        await agent.MetricIsAsync(Events / 10, "sidecar_dead_letters_total", "reason=\"rejected\"");
        await inbox.HasAsync((Events - (Events / 10)) + 1, Patience);
        await agent.MetricIsAsync(0, "sidecar_consumer_lag_records");
        Assert.That(await agent.StopAsync(), Is.Zero);

        var origins = Records.Read(kafka, topic, Partitions)
            .ToDictionary(record => (record.Partition.Value, record.Offset.Value));
        var letters = ReadAll(kafka, $"{topic}-group.test.dlq");
        Assert.That(letters, Has.Count.EqualTo(Events / 10), "each once");
        foreach (var letter in letters)
        {
            var partition = int.Parse(Header(letter, "sidecar-original-partition"));
            var origin = origins[(partition, long.Parse(Header(letter, "sidecar-original-offset")))];
            Assert.Multiple(() =>
            {
                Assert.That(letter.Message.Key, Is.EqualTo(origin.Message.Key));
                Assert.That(letter.Message.Value, Is.EqualTo(origin.Message.Value));
                Assert.That(Header(letter, "sidecar-original-topic"), Is.EqualTo(topic));
                Assert.That(Header(letter, "sidecar-original-timestamp"), Is.EqualTo($"{origin.Message.Timestamp.UnixTimestampMs}"));
                Assert.That(Header(letter, "sidecar-outcome"), Is.EqualTo("rejected"));
                Assert.That(Header(letter, "sidecar-reason"), Is.EqualTo("the sum is\nwrong"));
                Assert.That(Header(letter, "sidecar-group"), Is.EqualTo($"{topic}-group"));
                Assert.That(Header(letter, "sidecar-subscription"), Is.EqualTo("test"));
            });
        }
    }

    [Test]
    public async Task What_the_record_was_is_not_altered_by_its_end()
    {
        var (kafka, topic, inbox, records) = await BeginAsync("untouched");
        await using var _ = inbox;
        using var __ = records;
        inbox.Otherwise = _ => Reject("no");
        records.Put(null, null, 0, ("n", null), ("e", []), ("twice", "1"u8.ToArray()), ("twice", "2"u8.ToArray()),
            ("sidecar-reason", "of another time"u8.ToArray()));
        records.Put([], [], 0);
        records.PutWithRawHeaderName(0, [0xff, 0xfe]);
        records.Flush();
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; on-exhausted=dead-letter");
        await agent.MetricIsAsync(2, "sidecar_dead_letters_total", "reason=\"rejected\"");
        await agent.MetricIsAsync(1, "sidecar_dead_letters_total", "reason=\"unsendable\"");

        var letters = ReadAll(kafka, $"{topic}-group.test.dlq")
            .OrderBy(letter => long.Parse(Header(letter, "sidecar-original-offset"))).ToList();

        var first = letters[0].Message;
        Assert.That(first.Key, Is.Null);
        Assert.That(first.Value, Is.Null);
        Assert.That(first.Headers[0].GetValueBytes(), Is.Null);
        Assert.That(first.Headers[1].GetValueBytes(), Is.Empty);
        Assert.That(first.Headers.Take(4).Select(header => header.Key), Is.EqualTo(new[] { "n", "e", "twice", "twice" }));
        Assert.That(first.Headers.Count(header => header.Key == "sidecar-reason"), Is.EqualTo(1));
        Assert.That(Header(letters[0], "sidecar-reason"), Is.EqualTo("no"));
        Assert.That(letters[1].Message.Key, Is.Empty);
        Assert.That(letters[1].Message.Value, Is.Empty);
        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    [Test]
    public async Task A_topic_that_is_absent_and_may_not_be_created_is_said_at_once_and_nothing_is_lost()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var (_, topic, inbox, records) = await BeginAsync("absent");
        await using var _ = inbox;
        using var __ = records;
        inbox.Otherwise = delivered => IsOneIn(delivered, 10) ? Reject("no") : null;
        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(new AgentSetup(kafka.BootstrapServers, topic, inbox.Address)
        {
            Subscription = "; on-exhausted=dead-letter", Flags = ["--create-topics", "false"],
        });
        await agent.MetricIsAsync(1, "sidecar_waiting", "dead-letters:test");
        await inbox.HasAsync(Events - (Events / 10) - (Events / 100 * 3), Patience);
        await Until.TrueAsync(
            async () => await agent.MetricAsync("sidecar_partition_standing", "reason=\"dead_letter\"") > 0,
            Patience, "partitions say why");
        Assert.That(await agent.ReadyAsync(), Does.Contain("does not exist, and create-topics is false. Create it"));
        Assert.That(await agent.MetricAsync("sidecar_dead_letters_total"), Is.Zero);

        await kafka.CreateTopicAsync($"{topic}-group.test.dlq", 1);

        await agent.MetricIsAsync(Events / 10, "sidecar_dead_letters_total");
        await agent.MetricIsAsync(0, "sidecar_consumer_lag_records");
        await agent.MetricIsAsync(0, "sidecar_waiting", "dead-letters:test");
        Assert.That(ReadAll(kafka, $"{topic}-group.test.dlq"), Has.Count.EqualTo(Events / 10));
        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    [Test]
    public async Task A_letter_that_our_headers_made_too_large_says_less_and_one_that_never_fits_stands()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var (_, topic, inbox, records) = await BeginAsync("large");
        await using var _ = inbox;
        using var __ = records;
        await kafka.CreateTopicAsync($"{topic}-group.test.dlq", 1, ("max.message.bytes", "3000"));
        inbox.Otherwise = _ => Reject(new string('x', 900));
        records.Put("fits with few"u8.ToArray(), new byte[2500], 0);
        records.Put("never fits"u8.ToArray(), new byte[3500], 1);
        records.Flush();
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; on-exhausted=dead-letter");

        await agent.MetricIsAsync(1, "sidecar_dead_letters_total");
        await agent.MetricIsAsync(1, "sidecar_partition_standing", "reason=\"dead_letter_too_large\"", "partition=\"1\"");
        await agent.Process.WaitForLineAsync("does not take its dead letter", Patience);

        var letter = ReadAll(kafka, $"{topic}-group.test.dlq").Single();
        Assert.That(letter.Message.Headers.Select(header => header.Key), Has.No.Member("sidecar-reason").And.Member("sidecar-outcome"));
        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    [Test]
    public async Task Letters_whose_batches_are_too_large_go_one_by_one()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var (_, topic, inbox, records) = await BeginAsync("batches");
        await using var _ = inbox;
        using var __ = records;
        await kafka.CreateTopicAsync($"{topic}-group.test.dlq", 1, ("max.message.bytes", "1000"));
        inbox.Otherwise = _ => Reject("no");
        records.Add(Events, new Ledger());
        records.Flush();
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; on-exhausted=dead-letter; dlq-limit=off");

        await agent.MetricIsAsync(Events, "sidecar_dead_letters_total");

        Assert.That(ReadAll(kafka, $"{topic}-group.test.dlq").Select(letter => Encoding.UTF8.GetString(letter.Message.Value)),
            Is.Unique.And.Exactly(Events).Items);
        await agent.MetricIsAsync(0, "sidecar_partition_standing", "reason=\"dead_letter_too_large\"");
        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    [Test]
    public async Task A_broken_application_does_not_drain_its_topic_into_the_dead_letter_topic()
    {
        var (kafka, topic, inbox, records) = await BeginAsync("storm");
        await using var _ = inbox;
        using var __ = records;
        inbox.Otherwise = _ => Reject("broken");
        records.Add(10 * Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; on-exhausted=dead-letter; dlq-limit=50");
        await agent.MetricIsAsync(1, "sidecar_dead_letter_storm");
        await agent.MetricIsAsync(1, "sidecar_waiting", "dead-letter-storm:test");
        Assert.That(await agent.ReadyAsync(), Does.Contain("more than 50 dead letters within a minute"));
        var seen = inbox.Seen.Count;
        await agent.MetricIsAsync(50, "sidecar_dead_letters_total");

        inbox.Otherwise = _ => null;

        await inbox.HasAsync((10 * Events) - 50, Patience);
        await agent.MetricIsAsync(0, "sidecar_dead_letter_storm");
        await agent.MetricIsAsync(0, "sidecar_consumer_lag_records");
        await agent.MetricIsAsync(50, "sidecar_dead_letters_total");
        Assert.That(seen, Is.LessThan(200), "what was on its way, and a few probes");
        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    [Test]
    public async Task A_parked_event_holds_up_its_key_alone_until_the_agent_comes_again()
    {
        var (kafka, topic, inbox, records) = await BeginAsync("parked");
        await using var _ = inbox;
        using var __ = records;
        const string parked = "key-40";
        const int perKey = Events / 100;
        inbox.Otherwise = delivered => delivered.Data.ToStringUtf8() == "40" ? Reject("no") : null;
        records.Add(Events, inbox.Ledger);
        await using (var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; on-exhausted=park"))
        {
            await inbox.HasAsync(Events - perKey, Patience);
            await agent.MetricIsAsync(1, "sidecar_parked_events");
            await agent.MetricIsAsync(1, "sidecar_partition_standing", "reason=\"parked\"");
            Assert.That(inbox.Taken.Select(taken => taken.Key.ToStringUtf8()), Has.No.Member(parked));
            Assert.That(agent.Says("is parked"), Is.EqualTo(1));
            Assert.That(await agent.StopAsync(), Is.Zero);
        }

        inbox.Otherwise = _ => null;
        await using var mended = await RunningAgent.StartAsync(kafka, topic, inbox, "; on-exhausted=park");
        await inbox.HasAsync(Events, Patience);
        Assert.That(inbox.Count, Is.EqualTo(Events), "what was done beside it does not come again");
        Assert.That(await mended.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    private static async Task<(KafkaServer Kafka, string Topic, Inbox Inbox, Records Records)> BeginAsync(string name)
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic(name);
        await kafka.CreateTopicAsync(topic, Partitions);
        return (kafka, topic, await Inbox.StartAsync(), new Records(kafka, topic));
    }

    private static List<ConsumeResult<byte[], byte[]>> ReadAll(KafkaServer kafka, string topic)
    {
        using var admin = kafka.Admin();
        var partitions = admin.GetMetadata(topic, Patience).Topics[0].Partitions.Count;
        return Records.Read(kafka, topic, partitions);
    }

    private static bool IsOneIn(Event delivered, int count) =>
        int.TryParse(delivered.Data.ToStringUtf8(), out var number) && number % count == 0;

    private static string Header(ConsumeResult<byte[], byte[]> record, string name) =>
        Encoding.UTF8.GetString(record.Message.Headers.Single(header => header.Key == name).GetValueBytes());

    private static RequestDelegate Reject(string reason) => Answers.Ok(new DeliverResponse
    {
        Result = new Result { Verdict = Verdict.Reject, Reason = reason },
    }.ToByteArray());
}
