using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>An event that holds up its key waits for a person, perhaps for days: it takes next to nothing meanwhile.</summary>
public sealed class ParkingTests
{
    private const int Events = 16;

    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);
    private static readonly AttemptOutcome Refused = new(AttemptEnd.Rejected, StatusCode.OutOfRange, "never", null);

    private readonly BufferBudget budget = new(1000);

    [Test]
    public void Of_a_parked_event_its_key_is_kept_and_of_those_behind_it_nothing()
    {
        using var dispatcher = Make(new DispatchOptions { Window = Events });
        using var source = dispatcher.Open("t", 0, new PartitionTracker(0, AckMap.Empty(0)));
        var slots = new SlotsInFlight(dispatcher, 2);
        var before = Accept(dispatcher, source, 0, Events / 2, "k");
        dispatcher.Finish(Take(slots), Refused);
        Assert.That(budget.Held, Is.EqualTo(RecordBuffers.Smallest));
        Accept(dispatcher, source, before, Events - before - 1, "k");
        Assert.That(budget.Held, Is.EqualTo(RecordBuffers.Smallest), "also of those that come after it");

        Accept(dispatcher, source, Events - 1, 1, "other");
        slots.Collect();
        Assert.That(slots.TryTakeOne(new Random(1), out _, out var other), Is.True);
        Assert.That(other!.Record.Key.ToArray(), Is.EqualTo("other"u8.ToArray()), "other keys go on");
        Assert.That((source.HoldReason, source.FullReason), Is.EqualTo(("parked", "window")));
        dispatcher.Finish(other, AttemptOutcome.Delivered);
        Assert.That(source.Tracker.Open, Is.EqualTo(Events - 1), "none of them is done");
        dispatcher.Close(source);
        Assert.That(budget.Held, Is.Zero);
    }

    [Test]
    public void Parked_copies_leave_the_buffer_to_others()
    {
        using var dispatcher = Make(new DispatchOptions { Retries = [Delay] });
        using var source = dispatcher.Open("t", 0, new PartitionTracker(100, AckMap.Empty(100)));
        using var worker = dispatcher.Retries.Open(source, "t.retry.1s", new PartitionTracker(0, AckMap.Empty(0)))!;
        for (var offset = 0; offset < Events; offset++)
        {
            dispatcher.Retries.Found(worker, Records.Of(offset, "k"), new RetryPlace(Delay, offset));
        }

        dispatcher.Retries.Known(source);
        var slots = new SlotsInFlight(dispatcher, 1);
        for (var offset = 0; offset < Events; offset++)
        {
            var copy = new RetryRecord(RetryRecordKind.Ours, "", Records.Of(offset, "k"), 8, 1, null) { Delays = 1 };
            dispatcher.Retries.Due(dispatcher.Retries.Begin(worker, -1, copy, new RetryPlace(Delay, offset))!);
            if (offset == 0)
            {
                dispatcher.Finish(Take(slots), Refused);
            }
        }

        Assert.That(budget.Held, Is.EqualTo(RecordBuffers.Smallest));
        Assert.That(source.HoldReason, Is.EqualTo("parked"));
        dispatcher.Close(source);
        Assert.That(budget.Held, Is.Zero);
    }

    private Dispatcher Make(DispatchOptions options) => new(
        options, new DeliveryOptions { OnExhausted = OnExhausted.Park }, budget, new FakeTimeProvider(), new Random(1));

    private static QueuedEvent Take(SlotsInFlight slots)
    {
        slots.Collect();
        Assert.That(slots.TryTakeOne(new Random(1), out _, out var queued), Is.True);
        return queued!;
    }

    private static int Accept(Dispatcher dispatcher, PartitionWorker source, int first, int count, string key)
    {
        for (var offset = first; offset < first + count; offset++)
        {
            dispatcher.Accept(source, Records.Of(offset, key), -1);
        }

        return first + count;
    }
}
