using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>
/// The application is not there, or is another one: nothing is spent, and delivery begins when it comes.
/// </summary>
internal sealed class AppTests
{
    private const int Partitions = 4;
    private const int Events = 500;
    private static readonly string[] Counted = ["error", "retry", "timeout", "reject"];
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task Events_wait_for_an_application_that_is_not_there_and_spend_nothing()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("no-app");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = new Inbox(MisbehavingApp.FreeAddress());
        using var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        // Deliveries alone find out, if health does not.
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; attempts=1; health=off");

        await agent.Process.WaitForLineAsync($"nothing answers at {inbox.Address}", Patience);
        // Several probes have failed by then.
        await Until.TrueAsync(
            async () => await Unavailable(agent) >= 3, Patience, "three probes were made");
        Assert.That(await agent.ReadyAsync(), Does.Contain("app:test").And.Contain(inbox.Address));
        await inbox.ComeAsync();
        await inbox.HasAsync(Events, Patience);
        Assert.That(await agent.ReadyAsync(), Does.Not.Contain("app:"));
        await AllWereFirstAttemptsAsync(agent, inbox);
        Assert.That(agent.Says("nothing answers at"), Is.EqualTo(1), agent.Process.Output);
    }

    [TestCase(StatusCode.Unimplemented)]
    [TestCase(StatusCode.Unavailable)]
    [TestCase(StatusCode.PermissionDenied)]
    public async Task An_application_that_is_not_the_right_one_spends_nothing(StatusCode status)
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("wrong-app");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        inbox.Otherwise = _ => Answers.Status(status, "not me");
        using var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; attempts=1");

        await Until.TrueAsync(async () => await Unavailable(agent) >= 3, Patience, "three probes were made");
        await agent.Process.WaitForLineAsync("Waiting for", Patience);
        Assert.That(await agent.ReadyAsync(), Does.Contain("app:test: it answers").And.Contain("not me"));
        await inbox.GoAsync();
        inbox.Otherwise = _ => null;
        await inbox.ComeAsync();
        await inbox.HasAsync(Events, Patience);
        await AllWereFirstAttemptsAsync(agent, inbox);
    }

    [Test]
    public async Task A_handler_that_hangs_past_the_deadline_is_tried_again()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("hang");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        inbox.Otherwise = delivered => delivered.Attempt == 1 ? Answers.Hang() : null;
        using var records = new Records(kafka, topic, keys: 20);
        records.Add(20, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(
            kafka, topic, inbox, "; deadline=300ms; backoff=10ms");

        await inbox.HasAsync(20, Patience);
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.Multiple(() =>
        {
            Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
            Assert.That(inbox.Taken.Select(taken => taken.Attempt), Is.All.EqualTo(2));
        });
    }

    [Test]
    public async Task A_connection_that_is_dropped_during_a_delivery_spends_nothing()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("dropped");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        var drops = 3;
        inbox.Otherwise = _ => Interlocked.Decrement(ref drops) >= 0 ? Drop : null;
        using var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; attempts=4; concurrency=1");

        await inbox.HasAsync(Events, Patience);
        await AllWereFirstAttemptsAsync(agent, inbox);
    }

    [Test]
    public async Task An_event_that_ends_the_connection_each_time_comes_to_its_end_and_the_others_are_delivered()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("killer");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        inbox.Otherwise = delivered => delivered.Position is { Partition: 0, Offset: 3 } ? Drop : null;
        using var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(
            kafka, topic, inbox, "; attempts=2; ordering=none; on-exhausted=park");

        await agent.MetricIsAsync(1, "sidecar_exhausted_total", "reason=\"interrupted\"");
        await inbox.HasAsync(Events - 1, Patience);
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.That(inbox.Taken.Select(taken => taken.Attempt), Is.All.EqualTo(1));
    }

    [Test]
    public async Task An_application_that_turns_everything_away_is_left_alone_until_it_answers()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("turned-away");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        inbox.Otherwise = _ => Answers.Status(StatusCode.ResourceExhausted, "too much");
        using var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; attempts=3; backoff=10ms");

        await agent.MetricIsAsync(1, "sidecar_breaker_opened_total", "cause=\"trouble\"");
        Assert.That(await agent.ReadyAsync(), Does.Contain("app:test: too many deliveries"));
        inbox.Otherwise = _ => null;
        await inbox.HasAsync(Events, Patience);
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    private static Task Drop(HttpContext context) => Answers.DropConnection()(context);

    private static Task<double> Unavailable(RunningAgent agent) =>
        agent.MetricAsync("sidecar_deliveries_total", "outcome=\"unavailable\"");

    private static async Task AllWereFirstAttemptsAsync(RunningAgent agent, Inbox inbox)
    {
        foreach (var outcome in Counted)
        {
            Assert.That(
                await agent.MetricAsync("sidecar_deliveries_total", $"outcome=\"{outcome}\""), Is.Zero, outcome);
        }

        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.Multiple(() =>
        {
            Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
            Assert.That(inbox.Seen.Select(seen => seen.Attempt), Is.All.EqualTo(1));
        });
    }
}
