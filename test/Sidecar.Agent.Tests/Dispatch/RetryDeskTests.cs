using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>What of a retry topic may be committed.</summary>
public sealed class RetryDeskTests
{
    [Test]
    public void What_is_committed_of_a_partition_that_stands_passes_no_foreign_record_that_was_not_kept()
    {
        var options = new DispatchOptions { Retries = [TimeSpan.FromSeconds(1)] };
        using var dispatcher = new Dispatcher(
            options, new DeliveryOptions(), new BufferBudget(long.MaxValue), new FakeTimeProvider(), new Random(1));
        using var source = dispatcher.Open("t", 0, new PartitionTracker(0, AckMap.Empty(0)));
        using var worker = dispatcher.Retries.Open(source, "t.retry.1s", new PartitionTracker(0, AckMap.Empty(0)))!;
        var kept = dispatcher.Retries.BeginForeign(worker, Records.Of(0, "k", "t.retry.1s"), -1)!;
        dispatcher.Stand(source, "it stands");

        Assert.That(dispatcher.Retries.BeginForeign(worker, Records.Of(1, "k", "t.retry.1s"), -1), Is.Null);
        dispatcher.Retries.Pin(worker, Records.Of(2, "k", "t.retry.1s"), -1);
        dispatcher.Ended(kept, Step.Complete);

        Assert.That(dispatcher.Read(worker, one => one.Tracker.Committable), Is.EqualTo(1));
    }

    [Test]
    public void The_end_of_a_foreign_record_is_not_that_of_the_event_which_has_its_offset_and_its_key()
    {
        var delay = TimeSpan.FromSeconds(1);
        using var dispatcher = new Dispatcher(
            new DispatchOptions { Retries = [delay] }, new DeliveryOptions(), new BufferBudget(long.MaxValue), new FakeTimeProvider(),
            new Random(1));
        using var source = dispatcher.Open("t", 0, new PartitionTracker(10, AckMap.Empty(10)));
        using var worker = dispatcher.Retries.Open(source, "t.retry.1s", new PartitionTracker(0, AckMap.Empty(0)))!;
        var place = new RetryPlace(delay, 0);
        var copy = new RetryRecord(RetryRecordKind.Ours, "", Records.Of(1, "k"), 8, 1, null);
        dispatcher.Retries.Found(worker, copy.Event!, place);
        dispatcher.Retries.Known(source);
        var waiting = dispatcher.Retries.Begin(worker, -1, copy, place)!;

        dispatcher.Ended(dispatcher.Retries.BeginForeign(worker, Records.Of(1, "k", "t.retry.1s"), -1)!, Step.Complete);

        Assert.That(dispatcher.Retries.Waiting(source), Is.EqualTo((1, 1)));
        dispatcher.Retries.Due(waiting);
        Assert.That(dispatcher.Read(worker, one => one.Tracker.Committable), Is.Zero, "it is to be delivered");
    }

    [Test]
    public void What_is_parked_in_a_retry_topic_is_said_to_fill_it_when_it_fills_the_window()
    {
        var delay = TimeSpan.FromSeconds(1);
        var options = new DispatchOptions { Retries = [delay], Window = 16 };
        using var dispatcher = new Dispatcher(
            options, new DeliveryOptions { OnExhausted = OnExhausted.Park }, new BufferBudget(long.MaxValue), new FakeTimeProvider(),
            new Random(1));
        using var source = dispatcher.Open("t", 0, new PartitionTracker(100, AckMap.Empty(100)));
        using var worker = dispatcher.Retries.Open(source, "t.retry.1s", new PartitionTracker(0, AckMap.Empty(0)))!;
        for (var offset = 0; offset < options.Window; offset++)
        {
            dispatcher.Retries.Found(worker, Records.Of(offset, "k"), new RetryPlace(delay, offset));
        }

        dispatcher.Retries.Known(source);
        var slots = new SlotsInFlight(dispatcher, 1);
        for (var offset = 0; offset < options.Window; offset++)
        {
            Assert.That(dispatcher.Retries.ReadAhead(worker), Is.EqualTo((0, false)));
            var copy = new RetryRecord(RetryRecordKind.Ours, "", Records.Of(offset, "k"), 8, 1, null) { Delays = 1 };
            dispatcher.Retries.Due(dispatcher.Retries.Begin(worker, -1, copy, new RetryPlace(delay, offset))!);
            slots.Collect();
            if (slots.TryTakeOne(new Random(1), out _, out var queued))
            {
                dispatcher.Finish(queued, new AttemptOutcome(AttemptEnd.Rejected, StatusCode.OutOfRange, "never", null));
                Assert.That(source.HoldReason, Is.EqualTo("parked"));
            }
        }

        Assert.That(dispatcher.Retries.ReadAhead(worker), Is.EqualTo((0, true)));
        Assert.That(source.HoldReason, Is.EqualTo("retries_parked"));
    }
}
