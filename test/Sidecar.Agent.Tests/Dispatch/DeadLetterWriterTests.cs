using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Telemetry;
using Sidecar.Agent.Tracking;
using Sidecar.TestKit;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>An event that came to its end is done when Kafka has its dead letter, and never before.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DeadLetterWriterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly LetterAddress Address = new("g", "s", "g.s.dlq");

    private readonly FakeTimeProvider time = new();
    private readonly LetterDesk desk = new();
    private readonly AgentMetrics metrics = new(Metrics.NewCustomRegistry());
    private Dispatcher dispatcher = null!;
    private DeadLetterWriter writer = null!;
    private PartitionWorker worker = null!;
    private Waits waits = null!;
    private DeadLetterReport report = null!;
    private CancellationTokenSource stop = null!;

    [SetUp]
    public void Start()
    {
        dispatcher = new Dispatcher(
            new DispatchOptions(), new DeliveryOptions { OnExhausted = OnExhausted.DeadLetter }, new BufferBudget(long.MaxValue), time,
            new Random(1));
        waits = new Waits(NullLogger<Waits>.Instance, metrics.Waiting);
        report = new DeadLetterReport(NullLogger<DeadLetterReport>.Instance, metrics, waits, Address, time);
        writer = new DeadLetterWriter(dispatcher, desk, Address, report, time) { MayCreate = true };
        worker = dispatcher.Open("t", 0, new PartitionTracker(0, AckMap.Empty(0)));
        stop = new CancellationTokenSource();
        writer.Start(stop.Token);
    }

    [TearDown]
    public async Task StopAsync()
    {
        dispatcher.Close(worker);
        dispatcher.Forget(worker);
        await stop.CancelAsync();
        writer.Stop();
        await writer.Completion.WaitAsync(Patience, TimeProvider.System);
        dispatcher.Dispose();
        stop.Dispose();
    }

    [Test]
    public async Task An_event_is_done_when_its_letter_is_acknowledged_and_not_before()
    {
        var answer = new TaskCompletionSource<ProduceOutcome>();
        desk.Answer = (_, _) => answer.Task;

        await RejectAsync(0);
        await Until.TrueAsync(() => desk.Sent.Count == 1, Patience, "the letter is sent");
        Assert.That(Committable, Is.Zero);
        answer.SetResult(new ProduceOutcome(ProduceEnd.Acknowledged, ""));

        await Until.TrueAsync(() => Committable == 1, Patience, "the event is done");
        Assert.That(metrics.DeadLetters.WithLabels("s", "rejected").Value, Is.EqualTo(1));
    }

    [Test]
    public async Task A_letter_that_fails_is_said_and_written_again_until_it_is_there()
    {
        desk.Answer = (n, _) => Task.FromResult(
            n < 4 ? new ProduceOutcome(ProduceEnd.Failed, "no leader") : new ProduceOutcome(ProduceEnd.Acknowledged, ""));

        await RejectAsync(0);
        await Until.TrueAsync(() => Hold == "dead_letter", Patience, "the partition says why it does not move");
        await Until.TrueAsync(() => waits.Current.Any(reason => reason.Contains("no leader")), Patience, "and what is waited for");

        await Until.TrueAsync(
            () =>
            {
                time.Advance(DeadLetterWriter.LongestPause);
                return Committable == 1;
            },
            Patience, "the letter is there in the end");
        Assert.That(desk.Sent, Has.Count.EqualTo(4));
        await Until.TrueAsync(() => Hold is null && waits.Current.Count == 0, Patience, "nothing is waited for any more");
    }

    [Test]
    public async Task A_letter_that_is_too_large_with_our_headers_goes_with_few()
    {
        desk.Answer = (_, detail) => Task.FromResult(new ProduceOutcome(
            detail == LetterDetail.Bare ? ProduceEnd.Acknowledged : ProduceEnd.TooLarge, ""));

        await RejectAsync(0);

        await Until.TrueAsync(() => Committable == 1, Patience, "the event is done");
        Assert.That(
            desk.Sent.Select(sent => sent.Detail), Is.EqualTo(new[] { LetterDetail.Full, LetterDetail.Alone, LetterDetail.Bare }));
    }

    [Test]
    public async Task A_letter_that_the_topic_never_takes_makes_the_partition_stand()
    {
        desk.Answer = (_, _) => Task.FromResult(new ProduceOutcome(ProduceEnd.TooLarge, "too large"));

        await RejectAsync(0);

        await Until.TrueAsync(() => dispatcher.Read(worker, w => w.Standing) is not null, Patience, "the partition stands");
        Assert.That(dispatcher.Read(worker, w => w.Standing), Does.StartWith("dead_letter_too_large at offset 0"));
        Assert.That(Committable, Is.Zero);
    }

    [Test]
    public async Task A_topic_that_went_away_is_looked_for_again()
    {
        desk.Answer = (n, _) => Task.FromResult(
            n == 1 ? new ProduceOutcome(ProduceEnd.NoTopic, "gone") : new ProduceOutcome(ProduceEnd.Acknowledged, ""));
        await Until.TrueAsync(() => desk.LookedFor.Count == 1, Patience, "the topic is looked for at the start");

        await RejectAsync(0);
        await Until.TrueAsync(
            () =>
            {
                time.Advance(DeadLetterWriter.FirstPause);
                return Committable == 1;
            },
            Patience, "the letter is there in the end");

        Assert.That(desk.LookedFor, Is.EqualTo(new[] { ("g.s.dlq", true), ("g.s.dlq", true) }));
    }

    [Test]
    public async Task However_many_letters_miss_their_topic_it_is_looked_for_once_at_a_time()
    {
        const int letters = 50;
        await Until.TrueAsync(() => desk.LookedFor.Count == 1, Patience, "the topic is looked for at the start");
        var looking = new TaskCompletionSource();
        desk.Looking = looking.Task;
        desk.Answer = (n, _) => Task.FromResult(
            n <= letters ? new ProduceOutcome(ProduceEnd.NoTopic, "gone") : new ProduceOutcome(ProduceEnd.Acknowledged, ""));

        for (var offset = 0; offset < letters; offset++)
        {
            await RejectAsync(offset);
        }

        await Until.TrueAsync(() => desk.Sent.Count == letters, Patience, "all of them have failed");
        Assert.That(desk.LookedFor, Has.Count.EqualTo(2), "each look takes a client of its own");
        looking.SetResult();

        await Until.TrueAsync(
            () =>
            {
                time.Advance(DeadLetterWriter.FirstPause);
                return Committable == letters;
            },
            Patience, "the letters are there in the end");
    }

    [Test]
    public async Task A_letter_without_an_answer_is_let_go_at_once_when_its_partition_is()
    {
        desk.Answer = (_, _) => new TaskCompletionSource<ProduceOutcome>().Task;
        await RejectAsync(0);
        await Until.TrueAsync(() => desk.Sent.Count == 1, Patience, "the letter is sent");

        dispatcher.Close(worker);
        dispatcher.Forget(worker);

        await Until.TrueAsync(() => worker.Drained.IsSet, Patience, "no time passes");
    }

    [Test]
    public async Task A_partition_that_is_taken_away_waits_for_no_letter_that_fails()
    {
        desk.Answer = (_, _) => Task.FromResult(new ProduceOutcome(ProduceEnd.Failed, "no leader"));
        await RejectAsync(0);
        await Until.TrueAsync(() => Hold == "dead_letter", Patience, "it fails");

        dispatcher.Close(worker);

        await Until.TrueAsync(() => worker.Drained.IsSet, Patience, "it is drained without any time passing");
        Assert.That(Committable, Is.Zero, "the event is its next owner's");
    }

    [Test]
    public async Task No_letter_is_waited_for_any_more_when_the_partitions_of_all_that_failed_are_taken_away()
    {
        desk.Answer = (_, _) => Task.FromResult(new ProduceOutcome(ProduceEnd.Failed, "no leader"));
        await RejectAsync(0);
        await RejectAsync(1);
        await Until.TrueAsync(() => desk.Sent.Count == 2 && waits.IsWaitingFor("dead-letters:s"), Patience, "they are waited for");

        dispatcher.Close(worker);

        await Until.TrueAsync(() => !waits.IsWaitingFor("dead-letters:s"), Patience, "nobody waits for them");
    }

    [Test]
    public async Task A_topic_that_is_absent_is_waited_for_also_when_the_letter_that_missed_it_is_let_go()
    {
        const string absent = "the topic g.s.dlq does not exist";
        await Until.TrueAsync(() => desk.LookedFor.Count == 1, Patience, "the topic is looked for at the start");
        report.TopicIs(absent);
        desk.TopicProblem = absent;
        desk.Answer = (_, _) => Task.FromResult(new ProduceOutcome(ProduceEnd.NoTopic, "gone"));
        await RejectAsync(0);
        await Until.TrueAsync(() => Hold == "dead_letter", Patience, "a letter misses it");

        dispatcher.Close(worker);
        await Until.TrueAsync(() => worker.Drained.IsSet, Patience, "the letter is let go");

        Assert.That(waits.IsWaitingFor("dead-letters:s"), Is.True);
    }

    [Test]
    public async Task A_letter_that_is_not_tried_again_is_waited_for_no_longer()
    {
        var later = new TaskCompletionSource<ProduceOutcome>();
        desk.Answer = (_, detail) => detail == LetterDetail.Full
            ? later.Task
            : Task.FromResult(new ProduceOutcome(ProduceEnd.TooLarge, "too large"));
        await RejectAsync(0);
        await Until.TrueAsync(
            () =>
            {
                time.Advance(DeadLetterWriter.Patience);
                return waits.IsWaitingFor("dead-letters:s");
            },
            Patience, "it is waited for");

        later.SetResult(new ProduceOutcome(ProduceEnd.TooLarge, "too large"));

        await Until.TrueAsync(
            () => dispatcher.Read(worker, w => w.Standing) is not null && !waits.IsWaitingFor("dead-letters:s"), Patience,
            "its partition stands, and nothing is waited for");
    }

    [Test]
    public async Task A_letter_without_an_answer_is_said_and_let_go_with_its_partition()
    {
        desk.Answer = (_, _) => new TaskCompletionSource<ProduceOutcome>().Task;
        await RejectAsync(0);
        await Until.TrueAsync(() => desk.Sent.Count == 1, Patience, "the letter is sent");
        await Until.TrueAsync(
            () =>
            {
                time.Advance(DeadLetterWriter.Patience);
                return Hold == "dead_letter";
            },
            Patience, "it is said");

        dispatcher.Close(worker);
        Assert.That(worker.Drained.IsSet, Is.False, "it may still be acknowledged");
        dispatcher.Forget(worker);

        await Until.TrueAsync(() => worker.Drained.IsSet, Patience, "it is let go");
    }

    private long Committable => dispatcher.Read(worker, w => w.Tracker.Committable);

    private string? Hold => dispatcher.Read(worker, w => w.HoldReason);

    private async Task RejectAsync(long offset)
    {
        dispatcher.Accept(worker, Records.Of(offset, $"k{offset}"), -1);
        var queued = (await dispatcher.TakeAsync(new DeliverySlot()))!;
        var outcome = new AttemptOutcome(AttemptEnd.Rejected, StatusCode.InvalidArgument, "no", null);
        Assert.That(dispatcher.Finish(queued, outcome).Step, Is.EqualTo(Step.DeadLetter));
        writer.Write(queued, outcome);
    }
}
