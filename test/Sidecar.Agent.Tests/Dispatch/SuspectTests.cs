using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Sidecar.Agent.Admission;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>Events that were with an application whose connection was lost.</summary>
public sealed class SuspectTests
{
    private const int Slots = 4;
    private const int Attempts = 3;
    private const long Killer = 2;
    private static readonly AttemptOutcome Lost = new(AttemptEnd.Interrupted, StatusCode.Unavailable, "gone", null);
    private static readonly AttemptOutcome Absent = new(AttemptEnd.Unreachable, StatusCode.Unavailable, "refused", null);

    private readonly FakeTimeProvider time = new();

    [Test]
    public void The_event_that_kills_the_application_comes_to_its_end_and_the_others_are_delivered()
    {
        var tracker = new PartitionTracker(0, AckMap.Empty(0));
        var (delivered, ended) = Run(tracker, out _);

        Assert.That(delivered, Is.EquivalentTo(Enumerable.Range(0, 20).Where(offset => offset != Killer)));
        Assert.That(ended, Is.EqualTo([Killer]));
        Assert.That(tracker.Map().BehindOf(Killer).Attempts, Is.Zero, "interruptions are counted apart");
    }

    [Test]
    public void Interruptions_survive_a_restart_in_the_ack_map()
    {
        var tracker = new PartitionTracker(0, AckMap.Empty(0));
        Run(tracker, out var before, killsLeft: 2);
        Assert.That(before, Is.EqualTo(1), "the first loss was not its own alone");
        var text = AckMapCodec.Encode(tracker.Map(), 1);
        Assert.That(text, Does.StartWith("sc2."));
        Assert.That(AckMapCodec.TryDecode(text, tracker.Committable, out var map, out _), Is.True);

        var again = new PartitionTracker(tracker.Committable, map);
        var (_, ended) = Run(again, out var more);
        Assert.That(ended, Is.EqualTo([Killer]));
        Assert.That(more, Is.EqualTo(Attempts - 1), "what was counted before the restart counts");
    }

    [Test]
    public void A_map_without_interruptions_is_written_as_older_agents_read_it()
    {
        var builder = new AckMap.Builder(5);
        builder.Attempted(7, 3);
        Assert.That(AckMapCodec.Encode(builder.Build(), 1), Does.StartWith("sc1."));
    }

    /// <summary>
    /// Delivers twenty events to an application that dies of one of them; returns what was delivered and what ended
    /// otherwise, or stops when it has died often enough. An application that died is back two probes later.
    /// </summary>
    private (List<long> Delivered, List<long> Ended) Run(PartitionTracker tracker, out int losses, int killsLeft = int.MaxValue)
    {
        using var dispatcher = new Dispatcher(
            new DispatchOptions { Ordering = Ordering.None },
            new DeliveryOptions { Attempts = Attempts, OnExhausted = OnExhausted.Park },
            new BufferBudget(long.MaxValue), time, new Random(1));
        using var worker = dispatcher.Open("t", 0, tracker);
        for (var offset = tracker.Committable; offset < 20; offset++)
        {
            dispatcher.Accept(worker, Records.Of(offset, null), -1);
        }

        var (delivered, ended) = (new List<long>(), new List<long>());
        var waits = Enumerable.Range(0, Slots).Select(_ => new DeliverySlot()).ToDictionary(s => s, s => dispatcher.TakeAsync(s));
        var (downFor, alone) = (0, 0);
        for (var round = 0; round < 400 && killsLeft > 0 && delivered.Count + ended.Count < 20; round++)
        {
            var flying = waits.Where(wait => wait.Value.IsCompleted).Select(wait => (wait.Key, Event: wait.Value.Result!)).ToList();
            var dies = downFor == 0 && flying.Exists(one => one.Event.Record.Position.Offset == Killer);
            alone += dies && flying.Count == 1 ? 1 : 0;
            killsLeft -= dies ? 1 : 0;
            foreach (var (slot, queued) in flying)
            {
                var outcome = dies ? Lost : downFor > 0 ? Absent : AttemptOutcome.Delivered;
                var step = dispatcher.Finish(queued, outcome).Step;
                (step == Step.Complete ? delivered : step == Step.Park ? ended : []).Add(queued.Record.Position.Offset);
            }

            foreach (var (slot, _) in flying)
            {
                waits[slot] = dispatcher.TakeAsync(slot);
            }

            downFor = dies ? 2 : Math.Max(0, downFor - 1);
            time.Advance(BreakerOptions.ProbeInterval);
        }

        losses = alone;
        return (delivered, ended);
    }
}
