using Microsoft.Extensions.Time.Testing;
using Sidecar.Agent.Commit;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>
/// The dispatcher with retry topics under a seeded schedule, on one thread and a clock driven by hand: one source
/// partition, three retry topics into which others write too, an application that fails, owners that are stopped and
/// killed. Kafka is lists.
/// </summary>
internal sealed class RetryLineSimulation
{
    private const int Slots = 4;
    private static readonly TimeSpan[] Delays = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60)];

    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch + TimeSpan.FromDays(1));
    private readonly Random random;
    private readonly RetryPlant plant;
    private readonly DispatchOptions options;
    private readonly DeliveryOptions delivery = new()
    {
        Attempts = 2, BackoffMin = TimeSpan.FromMilliseconds(10), BackoffMax = TimeSpan.FromMilliseconds(50),
        OnExhausted = OnExhausted.DeadLetter,
    };
    private readonly RetryTopicsModel kafka;
    private readonly EndsSeen ends;
    private readonly ReplaysModel replays;
    private readonly FailingApp app;

    // The owner.
    private Dispatcher dispatcher = null!;
    private AssignedPartition assigned = null!;
    private Dictionary<TimeSpan, PartitionWorker> retries = [];
    private readonly HeldUntilDue held = new();
    private readonly List<PendingResend> writing = [];
    private readonly List<QueuedEvent> letters = [];
    private SlotsInFlight slots = null!;
    private Dictionary<TimeSpan, int> nextRetry = [];
    private long nextSource;
    private bool calm;

    public RetryLineSimulation(int seed, RetryPlant plant, Ordering ordering, int events)
    {
        random = new Random(seed);
        this.plant = plant;
        options = new DispatchOptions { Ordering = ordering, Retries = Delays, DeadLetterLimit = new StormThreshold(null, null) };
        kafka = new RetryTopicsModel(Enumerable.Range(0, events).Select(_ => random.Next(8) == 0 ? null : $"k{random.Next(4)}"), Delays);
        replays = new ReplaysModel(kafka, Delays[0]);
        app = new FailingApp(random);
        ends = new EndsSeen(kafka.Source, isOrdered: ordering == Ordering.Key);
        Begin();
    }

    public int Ends => ends.Count;

    public int WentBehind { get; private set; }

    public int DeadLettered { get; private set; }

    public int Replays => replays.Count;

    public void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Step(random.Next(100));
        }

        calm = true;
        for (var step = 0; step < 50_000 && !IsOver; step++)
        {
            Step(random.Next(94));
        }

        Assert.That(ends.Different, Is.EqualTo(kafka.Source.Count), "every event has ended");
        Assert.That(IsOver, Is.True, "everything is done");
        Assert.That(replays.Unended, Is.Empty, "what came back from the dead letters has ended again");
        Assert.That(dispatcher.Retries.Waiting(assigned.Worker), Is.EqualTo((0, 0)), "nothing is taken for waiting");
        Commit();
        Assert.That(kafka.Committed["t"].Offset, Is.EqualTo(kafka.Source.Count));
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    private bool IsOver => nextSource == kafka.Source.Count && assigned.Worker.Kin.All(kin => kin.Tracker.Open == 0)
        && Delays.All(delay => nextRetry[delay] == kafka.Topics[delay].Count);

    private void Step(int chance)
    {
        switch (chance)
        {
            case < 15:
                ReadSource();
                break;
            case < 30:
                ReadRetry(Delays[random.Next(Delays.Length)]);
                break;
            case < 60:
                Settle();
                break;
            case < 78:
                WriteOne();
                break;
            case < 82:
                WriteLetter();
                break;
            case < 83:
                replays.Replay(NowMs);
                break;
            case < 84 when !calm:
                kafka.AppendForeign(Delays[random.Next(Delays.Length)], $"k{random.Next(4)}");
                break;
            case < 90:
                time.Advance(TimeSpan.FromMilliseconds(random.Next(1, 4000)));
                held.LetGo(dispatcher, NowMs);
                break;
            case < 94:
                Commit();
                break;
            case < 97:
                Stop();
                break;
            default:
                Begin();
                break;
        }

        slots.Collect();
    }

    /// <summary>A new owner: it knows what is committed, and what it finds in the retry topics.</summary>
    private void Begin()
    {
        // What an owner that was killed had on its way, nobody hears of again.
        held.Clear();
        writing.Clear();
        letters.Clear();
        dispatcher = new Dispatcher(options, delivery, new BufferBudget(long.MaxValue), time, random);
        slots = new SlotsInFlight(dispatcher, Slots);
        var (tracker, _) = kafka.Restored("t");
        nextSource = tracker.Committable;
        var worker = dispatcher.Open("t", 0, tracker);
        assigned = new AssignedPartition(dispatcher, worker, 0);
        retries = [];
        nextRetry = [];
        foreach (var delay in Delays)
        {
            var (ledger, done) = kafka.Restored(RetryTopicsModel.Names.Of(delay));
            retries[delay] = dispatcher.Retries.Open(worker, RetryTopicsModel.Names.Of(delay), ledger)!;
            nextRetry[delay] = (int)ledger.Committable;
            var looks = plant != RetryPlant.DeliversBeforeItIsKnownWhatWaits;
            foreach (var (copy, place) in kafka.Waiting(delay, nextRetry[delay], done).Where(_ => looks))
            {
                dispatcher.Retries.Found(retries[delay], copy.Event!, place);
            }
        }

        dispatcher.Retries.Known(worker);
        slots.Collect();
    }

    /// <summary>A partition is taken away in order: what is in flight may end or not, then a last commit.</summary>
    private void Stop()
    {
        dispatcher.Close(assigned.Worker);
        for (var some = random.Next(6); some > 0; some--)
        {
            Settle();
            WriteOne();
        }

        Commit();
        dispatcher.Forget(assigned.Worker);
        Begin();
    }

    private void ReadSource()
    {
        if (nextSource < kafka.Source.Count)
        {
            var offset = nextSource++;
            dispatcher.Accept(assigned.Worker, Records.Of(offset, kafka.Source[(int)offset]), -1);
        }
    }

    private void ReadRetry(TimeSpan delay)
    {
        if (nextRetry[delay] == kafka.Topics[delay].Count)
        {
            return;
        }

        var raw = kafka.Topics[delay][nextRetry[delay]++];
        if (RetryTopicsModel.IsForeign(raw))
        {
            letters.AddRange(dispatcher.Retries.BeginForeign(retries[delay], RetryTopicsModel.Again(raw), -1) is { } other ? [other] : []);
            return;
        }

        var copy = RetryTopicsModel.Copy(raw, delay, out var place);
        copy = copy with { IsReplay = copy.IsReplay && plant != RetryPlant.TakesAReplayForAStrayCopy };
        if (dispatcher.Retries.Begin(retries[delay], -1, copy, place) is { } queued)
        {
            held.Add(queued, place.DueMs);
        }
    }

    private void Settle()
    {
        if (slots.TryTakeOne(random, out var slot, out var queued) is false)
        {
            return;
        }

        var outcome = app.Answer(calm);
        if (outcome.End == AttemptEnd.Delivered)
        {
            Ended(queued);
        }

        if (dispatcher.Finish(queued, outcome).Step == Agent.Dispatch.Step.DeadLetter)
        {
            letters.Add(queued);
        }

        slots.Take(slot);
    }

    private void WriteLetter()
    {
        if (letters.Count > 0)
        {
            var queued = letters[random.Next(letters.Count)];
            letters.Remove(queued);
            DeadLettered++;
            Ended(queued);
            replays.Letter(queued, NowMs);
            dispatcher.Ended(queued, Agent.Dispatch.Step.Complete);
        }
    }

    private void Ended(QueuedEvent queued)
    {
        ends.Add(dispatcher, queued);
        replays.Ended(queued);
    }

    private void WriteOne()
    {
        while (dispatcher.Retries.Pending.TryRead(out var pending))
        {
            writing.Add(pending);
            WentBehind += pending.Outcome == PendingResend.Behind ? 1 : 0;
        }

        if (writing.Count == 0)
        {
            return;
        }

        var next = writing[random.Next(writing.Count)];
        var topic = kafka.Topics[next.Delay];
        if (plant == RetryPlant.IsDoneBeforeTheCopyIsWritten && random.Next(2) == 0)
        {
            writing.Remove(next);
            dispatcher.Resent(next.Queued, new RetryPlace(next.Delay, topic.Count) { DueMs = next.DueMs });
            Commit();
            if (random.Next(2) == 0)
            {
                Begin();
                return;
            }

            kafka.Append(next, NowMs);
            return;
        }

        kafka.Append(next, NowMs);
        if (!calm && random.Next(8) == 0)
        {
            // Kafka has it and we do not hear of it: it is written once more, or the owner is killed.
            if (random.Next(2) == 0)
            {
                Begin();
            }

            return;
        }

        writing.Remove(next);
        dispatcher.Resent(next.Queued, new RetryPlace(next.Delay, topic.Count - 1) { DueMs = next.DueMs });
    }

    private void Commit() => kafka.Commit(assigned.Snapshot().Offsets);
}
