using Grpc.Core;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>A gate that opens by time, on a clock that goes on at every look: whoever waits is woken for it in any case.</summary>
public sealed class GateOpeningTests
{
    private static readonly AttemptOutcome Refused = new(AttemptEnd.Rejected, StatusCode.OutOfRange, "never", null);

    private readonly RunningClock clock = new();

    [Test]
    public void A_subscription_that_is_held_for_its_dead_letters_gets_its_probe([Range(-120, 120, 7)] int ticks)
    {
        var options = new DispatchOptions { DeadLetterLimit = new StormThreshold(1, null) };
        using var dispatcher = Make(options, new DeliveryOptions { OnExhausted = OnExhausted.DeadLetter });
        using var source = dispatcher.Open("t", 0, new PartitionTracker(0, AckMap.Empty(0)));
        var slots = new SlotsInFlight(dispatcher, 1);
        Accept(dispatcher, source, 3);
        dispatcher.Finish(Take(slots, out var slot), Refused);
        slots.Take(slot);
        dispatcher.Finish(Take(slots, out slot), Refused);    // one too many: it is held from now on
        slots.Take(slot);

        clock.RingsAt(StormLimit.ProbeInterval + TimeSpan.FromTicks(ticks));

        Assert.That(GetsOne(slots), Is.True);
    }

    [Test]
    public void A_limited_rate_lets_the_next_event_pass([Range(-120, 120, 7)] int ticks)
    {
        using var dispatcher = Make(new DispatchOptions { RateLimit = 1 }, new DeliveryOptions());
        using var source = dispatcher.Open("t", 0, new PartitionTracker(0, AckMap.Empty(0)));
        var slots = new SlotsInFlight(dispatcher, 1);
        Accept(dispatcher, source, 2);
        dispatcher.Finish(Take(slots, out var slot), AttemptOutcome.Delivered);
        slots.Take(slot);

        clock.RingsAt(TimeSpan.FromSeconds(1) + TimeSpan.FromTicks(ticks));

        Assert.That(GetsOne(slots), Is.True);
    }

    /// <summary>The timer rings as often as it is set to.</summary>
    private bool GetsOne(SlotsInFlight slots)
    {
        for (var ring = 0; ring < 100; ring++)
        {
            slots.Collect();
            if (slots.TryTakeOne(new Random(1), out _, out _))
            {
                return true;
            }

            clock.Ring();
        }

        return false;
    }

    private Dispatcher Make(DispatchOptions options, DeliveryOptions delivery) =>
        new(options, delivery, new BufferBudget(long.MaxValue), clock, new Random(1));

    private static QueuedEvent Take(SlotsInFlight slots, out DeliverySlot slot)
    {
        slots.Collect();
        Assert.That(slots.TryTakeOne(new Random(1), out slot!, out var queued), Is.True);
        return queued!;
    }

    private static void Accept(Dispatcher dispatcher, PartitionWorker source, int count)
    {
        for (var offset = 0; offset < count; offset++)
        {
            dispatcher.Accept(source, Records.Of(offset, $"k{offset}"), -1);
        }
    }

    /// <summary>A clock that goes on by a microsecond at every look, and one timer, which rings when it is told to.</summary>
    private sealed class RunningClock : TimeProvider, ITimer
    {
        private TimerCallback ring = null!;
        private object? state;
        private long now;
        private bool isSet;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now += TimeSpan.TicksPerMicrosecond;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (ring, this.state) = (callback, state);
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            isSet = dueTime != Timeout.InfiniteTimeSpan;
            return true;
        }

        /// <summary>It is so much later, and the timer rings.</summary>
        public void RingsAt(TimeSpan later)
        {
            now += later.Ticks;
            Ring();
        }

        /// <summary>The timer rings, if it is set.</summary>
        public void Ring()
        {
            if (isSet)
            {
                isSet = false;
                ring(state);
            }
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
