using System.Text;
using Grpc.Core;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Life;

/// <summary>Annotations that change while the agent runs, in a volume that is swapped as the kubelet does it.</summary>
internal sealed class LiveEditTests
{
    private const int Partitions = 4;
    private const int PerSecond = 300;
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    private Inbox steady = null!;
    private Inbox other = null!;
    private Records steadily = null!;
    private KafkaServer kafka = null!;
    private (string Steady, string Other) topics;

    [SetUp]
    public async Task BeginAsync()
    {
        kafka = await SharedKafka.GetAsync();
        topics = (SharedKafka.NewTopic("live-steady"), SharedKafka.NewTopic("live-other"));
        await kafka.CreateTopicAsync(topics.Steady, Partitions);
        await kafka.CreateTopicAsync(topics.Other, Partitions);
        (steady, other) = (await Inbox.StartAsync(), await Inbox.StartAsync());
        steadily = new Records(kafka, topics.Steady);
    }

    [TearDown]
    public async Task EndAsync()
    {
        steadily.Dispose();
        await steady.DisposeAsync();
        await other.DisposeAsync();
    }

    [Test]
    public async Task Edits_are_in_force_at_once_while_the_other_subscription_delivers_without_a_gap()
    {
        using var volume = new PodInfo(Steady, Other("concurrency=2; attempts=100; backoff=1ms..10ms; on-exhausted=park"));
        await using var agent = await StartAsync(volume);
        using var records = new Records(kafka, topics.Other);
        await using (var paced = new Paced(steadily, steady.Ledger, PerSecond))
        {
            await agent.MetricIsAsync(2, "sidecar_inflight_limit_ceiling", Sub);
            other.Otherwise = _ => Answers.Status(StatusCode.Internal, "no");
            records.Add(1, other.Ledger);
            await Until.TrueAsync(() => other.Seen.Count > 3, Patience, "an event fails again and again");

            volume.Write(Steady, Other("concurrency=32; attempts=2; backoff=1ms..10ms; on-exhausted=park"), ("log-level", "error"));
            await agent.MetricIsAsync(32, "sidecar_inflight_limit_ceiling", Sub);
            await agent.MetricIsAsync(1, "sidecar_parked_events", Sub);
            Assert.That(agent.Says("has other"), Is.Zero, "what is no error is not logged");

            other.Otherwise = _ => null;
            volume.Write(Steady, Other("on-exhausted=park; filter=header.x!=no; paused=\"INC-7; twice\""), ("log-level", "debug"));
            await agent.Process.WaitForLineAsync(
                "other: has other attempts, backoff, concurrency, filter, paused; log-level debug", Patience);
            await agent.MetricIsAsync(1, "sidecar_paused", Sub);
            records.Put(null, "left out"u8.ToArray(), 0, ("x", "no"u8.ToArray()));
            records.Put(null, "taken"u8.ToArray(), 0, ("x", "yes"u8.ToArray()));
            records.Flush();
            await agent.MetricIsAsync(1, "sidecar_records_skipped_total", Sub, "reason=\"filter\"");
            Assert.That(await agent.ReadyAsync(), Does.Contain("INC-7; twice"));
            Assert.That(other.Count, Is.Zero, "it is paused");

            volume.Write(Steady, Other("concurrency=1; on-exhausted=park; filter=header.x!=no"));
            await Until.TrueAsync(() => other.Count == 1, Patience, "it is delivered when the pause is lifted");
            await agent.MetricIsAsync(1, "sidecar_inflight_limit_ceiling", Sub);
            Assert.That(Encoding.UTF8.GetString(other.Taken.Single().Data.Span), Is.EqualTo("taken"));
            await paced.StopAsync();
        }

        await SteadyIsRightAsync(agent);
    }

    [Test]
    public async Task A_subscription_comes_and_goes_while_the_other_delivers_without_a_gap()
    {
        using var volume = new PodInfo(Steady);
        await using var agent = await StartAsync(volume);
        using var records = new Records(kafka, topics.Other);
        records.Add(200, other.Ledger);
        await using (var paced = new Paced(steadily, steady.Ledger, PerSecond))
        {
            await steady.HasAsync(1, Patience);
            volume.Write(Steady, Other(""));
            await other.HasAsync(200, Patience);
            await agent.MetricIsAsync(Partitions, "sidecar_assigned_partitions", Sub);

            // In flight when it goes: it ends, and is not delivered again.
            var release = new TaskCompletionSource();
            other.BeforeAnswer = _ => release.Task;
            records.Add(1, other.Ledger);
            await Until.TrueAsync(() => other.Seen.Count == 201, Patience, "one is in flight");
            volume.Write(Steady);
            await agent.Process.WaitForLineAsync("it goes", Patience);
            release.SetResult();
            await agent.Process.WaitForLineAsync("it has gone", Patience);
            Assert.That(Uncommitted.Count(kafka, topics.Other, Partitions, other, $"{topics.Steady}-group"), Is.Zero);
            await Until.TrueAsync(
                async () => !(await agent.MetricsAsync()).Contains(Sub, StringComparison.Ordinal), Patience, "its series are gone");
            records.Add(50, other.Ledger);

            volume.Write(Steady, Other("ordering=none; concurrency=4"));
            await other.HasAsync(251, Patience);
            Assert.That(other.Taken, Has.Count.EqualTo(251), "nothing came twice");
            await paced.StopAsync();
        }

        Assert.That(other.Ledger.Table() with { OutOfOrder = 0 }, Is.EqualTo(new LedgerTable(251, 251, 0, 0, 0)));
        await SteadyIsRightAsync(agent);
    }

    [Test]
    public async Task A_subscription_that_begins_anew_under_load_repeats_and_loses_nothing()
    {
        using var volume = new PodInfo(Steady, Other(""));
        await using var agent = await StartAsync(volume);
        await using (var paced = new Paced(steadily, steady.Ledger, PerSecond))
        {
            await steady.HasAsync(PerSecond, Patience);
            volume.Write(("subscription.steady", $"{topics.Steady}; ordering=partition"), Other(""));
            await agent.Process.WaitForLineAsync("steady: begins anew with other ordering", Patience);
            await agent.Process.WaitForLineAsync("it has gone", Patience);
            var before = steady.Different;
            await steady.HasAsync(before + PerSecond, Patience);

            // Its topic goes to another name, which waits until the first has left it.
            volume.Write(("subscription.renamed", $"{topics.Steady}; app-address={steady.Address}"), Other(""));
            await agent.MetricIsAsync(Partitions, "sidecar_assigned_partitions", "sub=\"renamed\"");
            await steady.HasAsync(steady.Different + PerSecond, Patience);
            await paced.StopAsync();
        }

        await SteadyIsRightAsync(agent);
    }

    private const string Sub = "sub=\"other\"";

    private (string Key, string Value) Steady => ("subscription.steady", topics.Steady);

    private (string Key, string Value) Other(string more) =>
        ("subscription.other", $"{topics.Other}; app-address={other.Address}{(more.Length == 0 ? "" : $"; {more}")}");

    private Task<RunningAgent> StartAsync(PodInfo volume) => RunningAgent.StartAsync(
        new AgentSetup(kafka.BootstrapServers, topics.Steady, steady.Address) { Annotations = volume.Path });

    private async Task SteadyIsRightAsync(RunningAgent agent)
    {
        await steady.HasAsync(steadily.Produced, Patience);
        Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
        TestContext.Out.WriteLine(steady.Ledger.Table());
        Assert.That(steady.Ledger.Table().IsRight, Is.True, steady.Ledger.Table().ToString());
        Assert.That(steady.Taken, Has.Count.EqualTo(steadily.Produced), "nothing came twice");
    }
}
