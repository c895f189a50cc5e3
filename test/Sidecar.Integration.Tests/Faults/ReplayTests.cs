using System.Collections.Concurrent;
using System.Text;
using Confluent.Kafka;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Sidecar.Delivery.V1;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>Dead letters go back to the agents of their own subscription, each once.</summary>
internal sealed class ReplayTests
{
    private const int Partitions = 4;
    private const int Events = 100;
    private const string Subscription = "; on-exhausted=dead-letter; retries=1s,2s; ordering=key";
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    // Twenty events: eight that time out, eight of unknown customers, four that are broken.
    private static readonly string[] Reasons = ["no timeout", "unknown customer", "broken", "no timeout", "unknown customer"];

    [Test]
    public async Task Dead_letters_are_replayed_by_filter_and_once_though_the_command_is_killed_and_the_agent_runs()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("replay");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        var mended = new ConcurrentBag<string>();
        inbox.Otherwise = delivered => ReasonOf(delivered) is { } reason && !mended.Contains(reason) ? Reject(reason) : null;
        using var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        var who = Operator.Who(kafka, topic, Subscription);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, Subscription);
        await agent.MetricIsAsync(20, "sidecar_dead_letters_total");
        await inbox.HasAsync(Events - 20, Patience);

        mended.Add("no timeout");
        string[] timeouts = ["dlq", "replay", "--reason", "TIMEOUT", .. who];
        var dry = await Operator.RunAsync([.. timeouts, "--dry-run"]);
        Assert.That(dry[1], Does.Match("^8 +rejected +no timeout$"));
        Assert.That(dry[^1], Does.StartWith($"8 would be replayed into {topic}-group.test.retry.1s"));
        Assert.That(Count(kafka, $"{topic}-group.test.retry.1s"), Is.Zero);

        await using (var killed = Operator.Start([.. timeouts, "--rate", "2"]))
        {
            await inbox.HasAsync(Events - 20 + 3, Patience);
            await killed.KillAsync();
        }

        var resumed = await Operator.RunAsync(timeouts);
        await inbox.HasAsync(Events - 12, Patience);
        await TestContext.Out.WriteLineAsync(string.Join('\n', resumed));
        var done = int.Parse(resumed[^1].Split(' ')[0]);
        Assert.That(done, Is.InRange(1, 5), "three at least were replayed before the kill");
        Assert.That(resumed[^1], Does.Contain($"left where they are: {8 - done} that were replayed before"));
        Assert.That(await Operator.RunAsync(timeouts), Has.Some.StartWith("0 are replayed"));

        await FailAgainAsync(kafka, topic, agent, who);
        mended.Add("broken");
        mended.Add("unknown customer");
        Assert.That((await Operator.RunAsync(["dlq", "replay", .. who]))[^1], Does.StartWith("12 are replayed"));
        await inbox.HasAsync(Events, Patience);
        await agent.MetricIsAsync(0, "sidecar_retry_waiting_events");
        Assert.That((await Operator.RunAsync(["dlq", "replay", .. who]))[^1], Does.StartWith("0 are replayed"));
        Assert.That(await agent.StopAsync(), Is.Zero);
        var table = inbox.Ledger.Table();
        Assert.That((table.Missing, table.Duplicates, table.Unexpected), Is.EqualTo((0, 0, 0)), table.ToString());
        Assert.That(Count(kafka, topic), Is.EqualTo(Events), "the topic that others read is as it was");
    }

    [Test]
    public async Task What_cannot_be_replayed_is_said_with_the_setting_or_the_place()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("unreplayed");
        await kafka.CreateTopicAsync(topic, 1);
        var none = Operator.Who(kafka, topic, "; on-exhausted=dead-letter");
        Assert.That(await Operator.FailAsync(["dlq", "replay", .. none]), Does.Contain("has no retry topics").And.Contain("retries=1m"));

        var who = Operator.Who(kafka, topic, Subscription);
        Assert.That(
            await Operator.FailAsync(["dlq", "replay", .. who]),
            Does.Contain($"the topic {topic}-group.test.retry.1s does not exist: agents with these retries make it"));
        await kafka.CreateTopicAsync($"{topic}-group.test.retry.1s", 1);
        Assert.That(await Operator.FailAsync(["dlq", "replay", .. who]), Does.Contain("test has no dead letters"));
        await kafka.CreateTopicAsync($"{topic}-group.test.dlq", 1);
        using (var letters = new Records(kafka, $"{topic}-group.test.dlq"))
        {
            letters.Put("k"u8.ToArray(), "v"u8.ToArray(), 0);
            letters.Flush();
        }

        await using var ends = Operator.Start(["dlq", "replay", .. who]);
        Assert.That(await ends.WaitForExitAsync(Patience), Is.EqualTo(1));
        Assert.That(ends.OutputLines, Has.Some.EqualTo("0/0 cannot be replayed: it does not say where its event was read"));
        await using var misused = Operator.Start(["dlq", "replay", "--rate", "0", .. who]);
        Assert.That(await misused.WaitForExitAsync(Patience), Is.EqualTo(2));
    }

    [Test]
    public async Task Letters_that_fit_into_the_retry_topic_one_by_one_are_replayed_though_their_batch_does_not()
    {
        const int letters = 500;
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("small");
        await kafka.CreateTopicAsync(topic, 1);
        await kafka.CreateTopicAsync($"{topic}-group.test.retry.1s", 1, ("max.message.bytes", "1500"));
        await kafka.CreateTopicAsync($"{topic}-group.test.dlq", 1);
        using (var dead = new Records(kafka, $"{topic}-group.test.dlq"))
        {
            for (var offset = 0; offset < letters; offset++)
            {
                PutLetter(dead, topic, offset, bytes: 600);
            }

            dead.Flush();
        }

        var replayed = await Operator.RunAsync(["dlq", "replay", "--rate", "100000", .. Operator.Who(kafka, topic, Subscription)]);
        Assert.That(replayed[^1], Does.StartWith($"{letters} are replayed"));
        Assert.That(
            Records.ReadAll(kafka, $"{topic}-group.test.retry.1s").Select(copy => BitConverter.ToInt32(copy.Message.Key)),
            Is.EquivalentTo(Enumerable.Range(0, letters)), "each once");
    }

    [Test]
    public async Task A_replay_waits_and_says_so_while_agents_have_too_much_of_a_partition_in_retry_topics()
    {
        const int full = 10_000;
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("full");
        var (group, retry, dlq) = ($"{topic}-group", $"{topic}-group.test.retry.1s", $"{topic}-group.test.dlq");
        await kafka.CreateTopicAsync(topic, 1);
        await kafka.CreateTopicAsync(retry, 1);
        await kafka.CreateTopicAsync(dlq, 1);
        using (var waiting = new Records(kafka, retry))
        using (var dead = new Records(kafka, dlq))
        {
            for (var offset = 0; offset < full - 1; offset++)
            {
                waiting.Put("k"u8.ToArray(), "waits"u8.ToArray(), 0);
            }

            for (var offset = 0; offset < 2; offset++)
            {
                PutLetter(dead, topic, offset, bytes: 10);
            }

            waiting.Flush();
            dead.Flush();
        }

        await using var replay = Operator.Start(["dlq", "replay", .. Operator.Who(kafka, topic, Subscription)]);
        await replay.WaitForLineAsync("1 replayed; waiting, since 10000 events of partition 0 wait in the retry topics", Patience);
        Assert.That(replay.HasExited, Is.False);
        Assert.That(Count(kafka, retry), Is.EqualTo(full), "and no more");

        using (var agents = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig(kafka.Client()) { GroupId = group }).SetLogHandler((_, _) => { }).Build())
        {
            agents.Commit([new TopicPartitionOffset(retry, 0, 1)]);
        }

        Assert.That(await replay.WaitForExitAsync(Patience), Is.Zero);
        Assert.That(replay.OutputLines, Has.Some.StartWith("2 are replayed"));
    }

    /// <summary>What still fails is a dead letter again, which says how often it came back.</summary>
    private static async Task FailAgainAsync(KafkaServer kafka, string topic, RunningAgent agent, string[] who)
    {
        Assert.That((await Operator.RunAsync(["dlq", "replay", "--reason", "broken", .. who]))[^1], Does.StartWith("4 are replayed"));
        await agent.MetricIsAsync(24, "sidecar_dead_letters_total");
        var again = Records.ReadAll(kafka, $"{topic}-group.test.dlq")
            .Where(letter => Header(letter, "sidecar-replays") is not null).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(again, Has.Count.EqualTo(4));
            Assert.That(again.Select(letter => Header(letter, "sidecar-replays")), Is.All.EqualTo("1"));
            Assert.That(again.Select(letter => Header(letter, "sidecar-reason")), Is.All.EqualTo("broken"));
            Assert.That(again.Select(letter => Header(letter, "sidecar-original-topic")), Is.All.EqualTo(topic));
            Assert.That(
                again.SelectMany(letter => letter.Message.Headers).Select(header => header.Key), Has.No.Member("sidecar-retry"));
        });
    }

    private static void PutLetter(Records dead, string topic, int offset, int bytes) => dead.Put(
        BitConverter.GetBytes(offset), new byte[bytes], 0, ("sidecar-original-topic", Encoding.UTF8.GetBytes(topic)),
        ("sidecar-original-partition", "0"u8.ToArray()), ("sidecar-original-offset", Encoding.UTF8.GetBytes($"{offset}")));

    private static string? ReasonOf(Event delivered) =>
        int.TryParse(delivered.Data.ToStringUtf8(), out var number) && number % 5 == 0 ? Reasons[number / 5 % 5] : null;

    private static RequestDelegate Reject(string reason) => Answers.Ok(new DeliverResponse
    {
        Result = new Result { Verdict = Verdict.Reject, Reason = reason },
    }.ToByteArray());

    private static int Count(KafkaServer kafka, string topic) => Records.ReadAll(kafka, topic).Count;

    private static string? Header(ConsumeResult<byte[], byte[]> record, string name) =>
        record.Message.Headers.TryGetLastBytes(name, out var value) ? Encoding.UTF8.GetString(value) : null;
}
