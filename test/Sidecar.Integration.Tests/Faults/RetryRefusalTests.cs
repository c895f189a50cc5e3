using Confluent.Kafka.Admin;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Sidecar.Delivery.V1;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>Topics of ours that may not be written or read, on a broker that asks who it is.</summary>
internal sealed class RetryRefusalTests
{
    private const int Partitions = 2;
    private const int Events = 100;
    private const string Retries = "; attempts=1; backoff=10ms; on-exhausted=dead-letter; retries=1s";
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    private LocalKafka kafka = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var home = Environment.GetEnvironmentVariable("KAFKA_HOME");
        if (string.IsNullOrEmpty(home))
        {
            Assert.Ignore("access can be denied only where KAFKA_HOME is set");
        }

        // Everybody may do what no access list speaks of.
        kafka = await LocalKafka.StartAsync(home!, new LocalKafkaOptions
        {
            Properties =
            [
                "auto.create.topics.enable=false",
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "allow.everyone.if.no.acl.found=true",
            ],
        });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (kafka is not null)
        {
            await kafka.DisposeAsync();
        }
    }

    [Test]
    public async Task An_event_whose_retry_topic_may_not_be_written_waits_for_the_permission_and_others_go_on()
    {
        await using var inbox = await Inbox.StartAsync();
        var failed = 0;
        inbox.Otherwise = delivered => IsFirst(delivered) && Interlocked.Increment(ref failed) == 1
            ? Answers.Status(StatusCode.Aborted, "not now")
            : null;
        var (topic, records) = await BeginAsync("unwritten", inbox);
        using var _ = records;
        await using var denied = await DeniedAsync($"{topic}-group.test.retry.1s", AclOperation.Write);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, Retries);

        await agent.MetricIsAsync(1, "sidecar_partition_standing", "reason=\"retry\"");
        await inbox.HasAsync(Events - 1, Patience);
        Assert.That(
            await agent.ReadyAsync(), Does.Contain($"cannot be put into {topic}-group.test.retry.1s: not authorized. Grant Write"));
        Assert.That(
            await Operator.RunAsync(["status", "--admin-port", $"{agent.AdminPort}"]),
            Has.Some.Contain($"retry: {topic}-group.test.retry.1s: not authorized"));
        await denied.EndAsync();

        await inbox.HasAsync(Events, Patience);
        await agent.MetricIsAsync(0, "sidecar_waiting", "retries-write:test");
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    [Test]
    public async Task An_event_whose_dead_letter_may_not_be_written_after_its_last_delay_waits_for_the_permission()
    {
        await using var inbox = await Inbox.StartAsync();
        inbox.Otherwise = delivered => IsFirst(delivered) ? Answers.Status(StatusCode.Aborted, "never") : null;
        var (topic, records) = await BeginAsync("unburied", inbox);
        using var _ = records;
        await using var denied = await DeniedAsync($"{topic}-group.test.dlq", AclOperation.Write);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, Retries);

        await agent.MetricIsAsync(1, "sidecar_partition_standing", "reason=\"dead_letter\"");
        Assert.That(await agent.ReadyAsync(), Does.Contain($"{topic}-group.test.dlq").And.Contain("not authorized"));
        Assert.That(
            await Operator.RunAsync(["status", "--admin-port", $"{agent.AdminPort}"]),
            Has.Some.Contain($"dead_letter: {topic}-group.test.dlq: not authorized"));
        Assert.That(inbox.Different, Is.EqualTo(Events - 1));
        await denied.EndAsync();

        await agent.MetricIsAsync(1, "sidecar_dead_letters_total", "reason=\"attempts_exhausted\"");
        await agent.MetricIsAsync(0, "sidecar_retry_waiting_events");
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.That(Records.ReadAll(kafka, $"{topic}-group.test.dlq"), Has.Count.EqualTo(1));
        Assert.That(inbox.Ledger.Table().Duplicates, Is.Zero);
    }

    [Test]
    public async Task Nothing_is_delivered_while_a_retry_topic_may_not_be_seen_and_all_is_when_it_may()
    {
        await using var inbox = await Inbox.StartAsync();
        var (topic, records) = await BeginAsync("unseen", inbox);
        using var _ = records;
        await using var denied = await DeniedAsync($"{topic}-group.test.retry.1s", AclOperation.All);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, Retries);

        await Until.TrueAsync(
            async () => (await agent.ReadyAsync()).Contains(
                $"not authorized for the topic {topic}-group.test.retry.1s. Grant Describe, Read", StringComparison.Ordinal),
            Patience, "the topic is named");
        Assert.That(inbox.Count, Is.Zero);
        await denied.EndAsync();

        await inbox.HasAsync(Events, Patience);
        await agent.MetricIsAsync(0, "sidecar_waiting", "retries:test");
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    [Test]
    public async Task A_copy_that_our_headers_made_too_large_says_less_and_one_that_never_fits_stands()
    {
        await using var inbox = await Inbox.StartAsync();
        var topic = SharedKafka.NewTopic("large-copy");
        await kafka.CreateTopicAsync(topic, Partitions);
        await kafka.CreateTopicAsync($"{topic}-group.test.retry.1s", Partitions, ("max.message.bytes", "3000"));
        using var records = new Records(kafka, topic);
        inbox.Otherwise = delivered => delivered.Attempt == 1 ? Retry(new string('x', 900)) : null;
        records.Put("fits with few"u8.ToArray(), new byte[2200], 0);
        records.Put("never fits"u8.ToArray(), new byte[3500], 1);
        records.Flush();
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, Retries);

        await inbox.HasAsync(1, Patience);
        await agent.MetricIsAsync(1, "sidecar_partition_standing", "reason=\"retry_too_large\"", "partition=\"1\"");
        Assert.That(inbox.Taken.Single().Key.ToStringUtf8(), Is.EqualTo("fits with few"));
        var copy = Records.ReadAll(kafka, $"{topic}-group.test.retry.1s").Single();
        Assert.That(copy.Message.Headers.Select(header => header.Key), Has.No.Member("sidecar-reason").And.Member("sidecar-due"));
        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    private async Task<(string Topic, Records Records)> BeginAsync(string name, Inbox inbox)
    {
        var topic = SharedKafka.NewTopic(name);
        foreach (var ours in new[] { "", "-group.test.retry.1s", "-group.test.dlq" })
        {
            await kafka.CreateTopicAsync(topic + ours, Partitions);
        }

        var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        return (topic, records);
    }

    private async Task<Denial> DeniedAsync(string topic, AclOperation operation)
    {
        var allowed = Acl(topic, AclOperation.All, AclPermissionType.Allow);
        var denied = Acl(topic, operation, AclPermissionType.Deny);
        using var admin = kafka.Admin();
        await admin.CreateAclsAsync([allowed, denied]);
        return new Denial(kafka, denied);
    }

    private static AclBinding Acl(string topic, AclOperation operation, AclPermissionType permission) => new()
    {
        Pattern = new ResourcePattern { Type = ResourceType.Topic, Name = topic, ResourcePatternType = ResourcePatternType.Literal },
        Entry = new AccessControlEntry
        {
            Principal = "User:ANONYMOUS", Host = "*", Operation = operation, PermissionType = permission,
        },
    };

    private static bool IsFirst(Event delivered) => delivered.Data.ToStringUtf8() == "0";

    private static RequestDelegate Retry(string reason) => Answers.Ok(new DeliverResponse
    {
        Result = new Result { Verdict = Verdict.Retry, Reason = reason },
    }.ToByteArray());

    /// <summary>What is denied until the end.</summary>
    private sealed class Denial(KafkaServer kafka, AclBinding denied) : IAsyncDisposable
    {
        public async Task EndAsync()
        {
            using var admin = kafka.Admin();
            await admin.DeleteAclsAsync([denied.ToFilter()]);
        }

        public async ValueTask DisposeAsync() => await EndAsync();
    }
}
