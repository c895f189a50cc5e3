using System.Text;
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

/// <summary>Which delay comes next, of an event that was attempted while another number of attempts was allowed.</summary>
public sealed class RetryDelayTests
{
    private static readonly TimeSpan[] Delays = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60)];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly AttemptOutcome Failure = new(AttemptEnd.Failed, StatusCode.Aborted, "no", null);

    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch + TimeSpan.FromDays(1));
    private readonly DeliveryOptions delivery = new() { Attempts = 5, OnExhausted = OnExhausted.DeadLetter };
    private readonly LetterDesk desk = new() { AnswerResend = _ => Task.FromResult(Acknowledged) };
    private readonly Dictionary<TimeSpan, PartitionWorker> workers = [];
    private RetryTopicsModel kafka = null!;
    private Dispatcher dispatcher = null!;
    private PartitionWorker source = null!;
    private ResendWriter writer = null!;
    private SlotsInFlight slots = null!;

    // Each topic gets one copy.
    private static ProduceOutcome Acknowledged => new(ProduceEnd.Acknowledged, "") { Offset = 0 };

    [SetUp]
    public void Begin()
    {
        kafka = new RetryTopicsModel(["k"], Delays);
        dispatcher = new Dispatcher(
            new DispatchOptions { Retries = Delays }, delivery, new BufferBudget(long.MaxValue), time, new Random(1));
        source = dispatcher.Open("t", 0, new PartitionTracker(0, AckMap.Empty(0)));
        foreach (var delay in Delays)
        {
            workers[delay] = dispatcher.Retries.Open(source, RetryTopicsModel.Names.Of(delay), new PartitionTracker(0, AckMap.Empty(0)))!;
        }

        dispatcher.Retries.Known(source);
        slots = new SlotsInFlight(dispatcher, 1);
        var metrics = new AgentMetrics(Metrics.NewCustomRegistry());
        var report = new ResendReport(
            NullLogger<ResendReport>.Instance, metrics, new Waits(NullLogger<Waits>.Instance, metrics.Waiting), "s");
        writer = new ResendWriter(dispatcher, desk, RetryTopicsModel.Names, report, time);
        writer.Start();
    }

    [TearDown]
    public async Task EndAsync()
    {
        dispatcher.Stop();
        await writer.Completion;
        foreach (var worker in workers.Values.Append(source))
        {
            worker.Dispose();
        }

        dispatcher.Dispose();
    }

    [Test]
    public async Task Fewer_attempts_than_an_event_has_behind_it_take_none_of_its_delays()
    {
        dispatcher.Accept(source, Records.Of(0, "k"), -1);
        Assert.That(new[] { Fail(), Fail(), Fail() }, Is.All.EqualTo(Step.Again));
        dispatcher.Adjust(() => delivery.Attempts = 2);

        var waited = new List<TimeSpan>();
        Step step;
        while ((step = Fail()) == Step.Resend)
        {
            waited.Add(await ComesBackAsync(waited.Count));
        }

        Assert.That(waited, Is.EqualTo(Delays));
        Assert.That(step, Is.EqualTo(Step.DeadLetter));
    }

    [TestCase(8, 1, 8, 1)]
    [TestCase(9, 10, 8, 2)]
    [TestCase(0, 10, 8, 0, Description = "behind another")]
    [TestCase(8, 1, 2, 1, Description = "fewer attempts are allowed now")]
    [TestCase(8, 60, 20, 0, Description = "more are")]
    public void Of_a_copy_that_does_not_say_its_delays_they_are_what_its_attempts_and_its_topic_allow(
        int attempts, int seconds, int allowed, int delays)
    {
        delivery.Attempts = allowed;
        var delay = TimeSpan.FromSeconds(seconds);
        var provenance = new Provenance(new TopicPosition("t", 0, 0), 0, attempts, 1, 1, "attempts_exhausted", null);
        var before = RetryRecords.Headers(
            Records.Of(0, "k"), RetryTopicsModel.Names.AddressOf(delay), new Resend(provenance, 0, LetterDetail.Full));
        before.RemoveAll(header => Encoding.UTF8.GetString(header.Name) == LetterHeaders.Delays);
        var raw = RetryTopicsModel.Written(Records.Of(0, "k"), before, new TopicPosition(RetryTopicsModel.Names.Of(delay), 0, 0), 0);

        var queued = dispatcher.Retries.Begin(workers[delay], -1, RetryTopicsModel.Copy(raw, delay, out var place), place)!;

        Assert.That(queued.Delays, Is.EqualTo(delays));
    }

    private Step Fail()
    {
        // Its pause is over.
        time.Advance(TimeSpan.FromHours(1));
        slots.Collect();
        Assert.That(slots.TryTakeOne(new Random(1), out var slot, out var queued), Is.True);
        var step = dispatcher.Finish(queued!, Failure).Step;
        slots.Take(slot!);
        return step;
    }

    /// <summary>The copy is written, read and due. Returns the delay that it was given.</summary>
    private async Task<TimeSpan> ComesBackAsync(int before)
    {
        await Until.TrueAsync(
            () => desk.Resent.Count > before && dispatcher.Read(source, one => one.IsIdle), Patience, "its copy is acknowledged");
        var (_, topic, resend) = desk.Resent.Last();
        var delay = RetryTopicsModel.Names.DelayOf(topic)!.Value;
        kafka.Append(Records.Of(0, "k"), delay, resend, 0);
        var copy = RetryTopicsModel.Copy(kafka.Topics[delay][0], delay, out var place);
        dispatcher.Retries.Due(dispatcher.Retries.Begin(workers[delay], -1, copy, place)!);
        return delay;
    }
}
