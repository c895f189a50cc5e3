using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Sidecar.Delivery.V1;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>What an operator does by hand: dead letters and offsets.</summary>
internal sealed class ByHandTests
{
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task Dead_letters_are_listed_shown_and_purged()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("by-hand");
        await kafka.CreateTopicAsync(topic, 1);
        await using var inbox = await Inbox.StartAsync();
        inbox.Otherwise = delivered => Reject($"no {delivered.Data.ToStringUtf8()}");
        using var records = new Records(kafka, topic);
        records.Put("a"u8.ToArray(), "1"u8.ToArray(), 0, ("ce_type", "order.placed"u8.ToArray()));
        records.Put("b"u8.ToArray(), "2"u8.ToArray(), 0, ("ce_type", "order.paid"u8.ToArray()));
        records.Put(null, "3"u8.ToArray(), 0);
        records.Flush();
        string[] who = Operator.Who(kafka, topic, "; on-exhausted=dead-letter");
        Assert.That(await Operator.FailAsync(["dlq", "list", .. who]), Does.Contain("does not exist: test has no dead letters"));
        await using (var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; on-exhausted=dead-letter"))
        {
            await agent.MetricIsAsync(3, "sidecar_dead_letters_total");
            Assert.That(await agent.StopAsync(), Is.Zero);
        }

        Assert.That(await Operator.RunAsync(["dlq", "list", .. who]), Has.Count.EqualTo(4));
        var paid = await Operator.RunAsync(["dlq", "list", "--type", "order.paid", "--since", "1h", "-o", "json", .. who]);
        Assert.That(paid.Single(), Does.Contain("\"reason\":\"no 2\"").And.Contain($"\"origin\":\"{topic}/0/1\""));
        var entry = System.Text.Json.JsonDocument.Parse(paid.Single()).RootElement;
        var place = $"{entry.GetProperty("partition")}/{entry.GetProperty("offset")}";
        var shown = await Operator.RunAsync(["dlq", "show", place, .. who]);
        Assert.That(shown, Has.Member("header   sidecar-reason: no 2").And.Member("value    1 bytes").And.Member("2"));
        Assert.That(await Operator.FailAsync(["dlq", "show", "0/4711", .. who]), Does.Contain("there is no dead letter at 0/4711"));
        Assert.That(await Operator.RunAsync(["dlq", "list", "--limit", "1", .. who]), Has.Count.EqualTo(2));
        Assert.That(await Operator.RunAsync(["dlq", "list", "--limit", "2147483647", .. who]), Has.Count.EqualTo(4));
        Assert.That(await Operator.FailAsync(["dlq", "purge", .. who], 2), Does.Contain("say what is to be deleted"));

        Assert.That(await Operator.RunAsync(["dlq", "purge", "--all", "--dry-run", .. who]), Has.Some.Contain("would be deleted"));
        Assert.That(await Operator.RunAsync(["dlq", "list", .. who]), Has.Count.EqualTo(4));
        await Operator.RunAsync(["dlq", "purge", "--before", "1h", .. who]);
        Assert.That(await Operator.RunAsync(["dlq", "list", .. who]), Has.Count.EqualTo(4), "none is that old");
        await Operator.RunAsync(["dlq", "purge", "--all", .. who]);
        Assert.That(await Operator.RunAsync(["dlq", "list", .. who]), Has.Count.EqualTo(1), "the heading");
    }

    [Test]
    public async Task One_event_is_passed_over_and_what_was_done_beside_it_does_not_come_again()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("skip");
        await kafka.CreateTopicAsync(topic, 1);
        await using var inbox = await Inbox.StartAsync();
        inbox.Otherwise = delivered => delivered.Position.Offset == 5 ? Reject("no") : null;
        using var records = new Records(kafka, topic, keys: 20);
        records.Add(20, inbox.Ledger);
        string[] who = Operator.Who(kafka, topic, "; on-exhausted=park");
        await using (var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; on-exhausted=park"))
        {
            await inbox.HasAsync(19, Patience);
            await Until.TrueAsync(
                async () => (await Operator.FailAsync(["offsets", "skip", topic, "0", "5", .. who])).Contains("stop its agents first"),
                Patience, "the group has committed, and its agents are in the way");
            Assert.That(await agent.StopAsync(), Is.Zero);
        }

        var before = await Operator.RunAsync(["offsets", "show", .. who]);
        Assert.That(Words(before[1]), Does.StartWith($"{topic} 0 5 20 15 14 in 1 runs"));
        var dry = await Operator.RunAsync(["offsets", "skip", topic, "0", "5", "--dry-run", .. who]);
        Assert.That(dry.Single(), Does.Contain("would be committed at 20 (before: 5)"));
        Assert.That(await Operator.RunAsync(["offsets", "show", .. who]), Is.EqualTo(before));
        await Operator.RunAsync(["offsets", "skip", topic, "0", "5", .. who]);
        Assert.That(await Operator.FailAsync(["offsets", "skip", topic, "0", "5", .. who]), Does.Contain("offset 5 is done already"));
        Assert.That(await Operator.FailAsync(["offsets", "skip", topic, "0", "99", .. who]), Does.Contain("the partition ends at 20"));
        Assert.That(await Operator.FailAsync(["offsets", "skip", topic, "7", "5", .. who]), Does.Contain("there is no partition 7"));

        records.Add(1, inbox.Ledger);
        await using (var again = await RunningAgent.StartAsync(kafka, topic, inbox, "; on-exhausted=park"))
        {
            await inbox.HasAsync(20, Patience);
            Assert.That(inbox.Count, Is.EqualTo(20), "nineteen, and the new one");
            Assert.That(await again.StopAsync(), Is.Zero);
        }

        await Operator.RunAsync(["offsets", "reset", topic, "0", "--to", "18", .. who]);
        Assert.That(Words((await Operator.RunAsync(["offsets", "show", .. who]))[1]), Does.StartWith($"{topic} 0 18 21 3 -"));
        Assert.That(await Operator.FailAsync(["offsets", "reset", topic, "0", "--to", "22", .. who]), Does.Contain("holds 0 to 21"));
        await Operator.RunAsync(["offsets", "reset", topic, "0", "--to", "1h", .. who]);
        Assert.That(Words((await Operator.RunAsync(["offsets", "show", .. who]))[1]), Does.StartWith($"{topic} 0 0 21 21 -"));
    }

    [Test]
    public async Task An_event_that_came_to_its_end_in_a_retry_topic_is_passed_over_there_and_its_partition_goes_on()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("skip-retry");
        var retry = $"{topic}-group.test.retry.1s";
        await kafka.CreateTopicAsync(topic, 1);
        await using var inbox = await Inbox.StartAsync();
        var failing = new HashSet<string> { "3", "5" };
        inbox.Otherwise = delivered => failing.Contains(delivered.Data.ToStringUtf8())
            ? Answers.Status(Grpc.Core.StatusCode.Aborted, "never")
            : null;
        using var records = new Records(kafka, topic, keys: 20);
        records.Add(20, inbox.Ledger);
        var more = "; attempts=1; backoff=10ms; on-exhausted=stop; retries=1s";
        string[] who = Operator.Who(kafka, topic, more);
        List<string> waiting;
        await using (var agent = await RunningAgent.StartAsync(kafka, topic, inbox, more))
        {
            await agent.MetricIsAsync(1, "sidecar_partition_standing", "reason=\"attempts_exhausted\"");
            waiting = Records.Read(kafka, retry, 1).ConvertAll(copy => Encoding.UTF8.GetString(copy.Message.Value));
            var status = await Operator.RunAsync(["status", "--admin-port", $"{agent.AdminPort}"]);
            Assert.That(waiting.Select((copy, place) => $"{copy}, which waits as {retry}/0/{place}"), Has.One.Matches<string>(named =>
                status[^1].EndsWith($"attempts_exhausted at offset {named}: never", StringComparison.Ordinal)
                && agent.Says($"{topic}/0/{named}") == 1));
            Assert.That(await Operator.FailAsync(["offsets", "skip", retry, "0", "1", .. who]), Does.Contain("stop its agents first"));
            Assert.That(await agent.StopAsync(), Is.Zero);
        }

        Assert.That(await Operator.FailAsync(["offsets", "skip", topic, "0", "5", .. who]), Does.Contain("offset 5 is done already"));
        Assert.That(Words((await Operator.RunAsync(["offsets", "show", .. who]))[2]), Does.StartWith($"{retry} 0 0 2 2 -"));
        var skipped = await Operator.RunAsync(["offsets", "skip", retry, "0", "1", .. who]);
        Assert.That(skipped.Single(), Does.Contain("is committed at 0 (before: 0); done above it: 1 in 1 runs"));
        failing.Remove(waiting[0]);
        records.Add(3, inbox.Ledger);
        await using (var again = await RunningAgent.StartAsync(kafka, topic, inbox, more))
        {
            await inbox.HasAsync(22, Patience);
            await again.MetricIsAsync(0, "sidecar_retry_waiting_events");
            Assert.That(await again.StopAsync(), Is.Zero);
        }

        Assert.That(Words((await Operator.RunAsync(["offsets", "show", .. who]))[2]), Does.StartWith($"{retry} 0 2 2 0 -"));
        await Operator.RunAsync(["offsets", "reset", retry, "0", "--to", "1", .. who]);
        failing.Clear();
        await using var last = await RunningAgent.StartAsync(kafka, topic, inbox, more);
        await inbox.HasAsync(23, Patience);
        Assert.That(await last.StopAsync(), Is.Zero);
        Assert.That(inbox.Taken[^1].Data.ToStringUtf8(), Is.EqualTo(waiting[1]));
    }

    [Test]
    public async Task A_record_of_others_in_a_retry_topic_is_passed_over_also_behind_an_event_that_waits()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("skip-foreign");
        var retry = $"{topic}-group.test.retry.1h";
        await kafka.CreateTopicAsync(topic, 1);
        await using var inbox = await Inbox.StartAsync();
        inbox.Otherwise = delivered => delivered.Data.ToStringUtf8() == "3" ? Answers.Status(Grpc.Core.StatusCode.Aborted, "never") : null;
        using var records = new Records(kafka, topic, keys: 20);
        records.Add(20, inbox.Ledger);
        var more = "; attempts=1; backoff=10ms; on-exhausted=stop; retries=1h";
        string[] who = Operator.Who(kafka, topic, more);
        await using (var agent = await RunningAgent.StartAsync(kafka, topic, inbox, more))
        {
            await inbox.HasAsync(19, Patience);
            await agent.MetricIsAsync(1, "sidecar_retry_waiting_events");
            using var others = new Records(kafka, retry);
            others.Put("k"u8.ToArray(), "of others"u8.ToArray(), 0);
            others.Flush();
            await agent.MetricIsAsync(1, "sidecar_partition_standing", "reason=\"retry_record_foreign\"");
            Assert.That(await agent.StopAsync(), Is.Zero);
        }

        var skipped = await Operator.RunAsync(["offsets", "skip", retry, "0", "1", .. who]);
        Assert.That(skipped.Single(), Does.Contain("is committed at 0 (before: 0); done above it: 1 in 1 runs"));
        records.Add(3, inbox.Ledger);
        await using var again = await RunningAgent.StartAsync(kafka, topic, inbox, more);
        await inbox.HasAsync(22, Patience);
        await again.MetricIsAsync(0, "sidecar_partition_standing");
        Assert.That(await again.StopAsync(), Is.Zero);
    }

    private static string Words(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static RequestDelegate Reject(string reason) => Answers.Ok(new DeliverResponse
    {
        Result = new Result { Verdict = Verdict.Reject, Reason = reason },
    }.ToByteArray());
}
