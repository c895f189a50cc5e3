using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Sidecar.Agent.Admission;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>Events that end without a delivery, by a rule of their subscription.</summary>
public sealed class SkippingTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);
    private static readonly AttemptOutcome Expired = new(AttemptEnd.Expired, StatusCode.OK, "older than max-age", null);

    private readonly FakeTimeProvider time = new(Start);

    [Test]
    public void What_the_filter_leaves_out_is_done_when_it_is_read()
    {
        var filter = new EventFilter([new FilterTerm("kind", "good", false, false)]);
        using var dispatcher = Dispatcher(new DispatchOptions { Filter = filter }, new DeliveryOptions());
        var tracker = new PartitionTracker(0, AckMap.Empty(0));
        using var worker = dispatcher.Open("t", 0, tracker);

        Assert.That(dispatcher.Accept(worker, Records.WithHeaders(0, ("kind", "bad")), -1).Ticket, Is.EqualTo(Beginning.Filtered));
        Assert.That((tracker.Committable, tracker.Open, dispatcher.Completed), Is.EqualTo((1L, 0, 1L)));
        Assert.That(dispatcher.Accept(worker, Records.WithHeaders(1, ("kind", "good")), -1).Ticket, Is.Not.Negative);
        dispatcher.Accept(worker, Records.WithHeaders(2), -1);
        Assert.That((tracker.Committable, tracker.Open), Is.EqualTo((1L, 1)), "what is left out does not pass what is not done");
    }

    [Test]
    public async Task An_event_that_became_too_old_while_it_waited_ends_without_the_application()
    {
        using var dispatcher = Dispatcher(new DispatchOptions(), new DeliveryOptions { MaxAge = TimeSpan.FromMinutes(1) });
        var tracker = new PartitionTracker(0, AckMap.Empty(0));
        using var worker = dispatcher.Open("t", 0, tracker);
        Accept(dispatcher, worker, 0, "k");
        Accept(dispatcher, worker, 1, "k");
        var absent = new AttemptOutcome(AttemptEnd.Unreachable, StatusCode.Unavailable, "gone", null);
        var slot = new DeliverySlot();
        var first = (await dispatcher.TakeAsync(slot))!;
        Assert.That(dispatcher.Finish(first, absent).Step, Is.EqualTo(Step.Hold));

        time.Advance(TimeSpan.FromMinutes(2));
        for (var offset = 0; offset < 2; offset++)
        {
            var old = (await dispatcher.TakeAsync(slot))!;
            Assert.That((old.IsExpired, old.Record.Position.Offset), Is.EqualTo((true, (long)offset)), "in the order of its key");
            var finished = dispatcher.Finish(old, Expired);
            Assert.That((finished.Step, finished.Breaker.State), Is.EqualTo((Step.Complete, BreakerState.Open)));
        }

        Assert.That(tracker.Committable, Is.EqualTo(2));
    }

    [Test]
    public async Task An_event_of_exactly_that_age_and_one_without_a_timestamp_are_delivered()
    {
        using var dispatcher = Dispatcher(new DispatchOptions(), new DeliveryOptions { MaxAge = TimeSpan.FromMinutes(1) });
        using var worker = dispatcher.Open("t", 0, new PartitionTracker(0, AckMap.Empty(0)));
        Accept(dispatcher, worker, 0, null);
        dispatcher.Accept(worker, Records.Of(1, null, timestampMs: -1), -1);
        time.Advance(TimeSpan.FromMinutes(1));
        for (var i = 0; i < 2; i++)
        {
            Assert.That((await dispatcher.TakeAsync(new DeliverySlot()))!.IsExpired, Is.False);
        }
    }

    [Test]
    public async Task Dead_letters_of_old_events_are_no_storm_and_do_not_end_one()
    {
        var options = new DispatchOptions { Ordering = Ordering.None, DeadLetterLimit = new StormThreshold(3, null) };
        using var dispatcher = Dispatcher(options, new DeliveryOptions
        {
            MaxAge = TimeSpan.FromMinutes(1), OnExpired = OnExpired.DeadLetter, OnExhausted = OnExhausted.DeadLetter,
        });
        using var worker = dispatcher.Open("t", 0, new PartitionTracker(0, AckMap.Empty(0)));
        for (var offset = 0; offset < 50; offset++)
        {
            Accept(dispatcher, worker, offset, null);
        }

        var slot = new DeliverySlot();
        var never = new AttemptOutcome(AttemptEnd.Rejected, StatusCode.InvalidArgument, "never", null);
        Finished finished = default;
        for (var i = 0; i < 4; i++)
        {
            finished = dispatcher.Finish((await dispatcher.TakeAsync(slot))!, never);
        }

        Assert.That((finished.Step, finished.Storm is null), Is.EqualTo((Step.Withhold, false)), "that is a storm");
        time.Advance(TimeSpan.FromMinutes(2));
        for (var i = 0; i < 46; i++)
        {
            var old = (await dispatcher.TakeAsync(slot))!;
            finished = dispatcher.Finish(old, Expired);
            Assert.That((old.IsExpired, finished.Step, finished.Storm is null), Is.EqualTo((true, Step.DeadLetter, false)));
        }
    }

    private Dispatcher Dispatcher(DispatchOptions options, DeliveryOptions delivery) =>
        new(options, delivery, new BufferBudget(long.MaxValue), time, new Random(1));

    private void Accept(Dispatcher dispatcher, PartitionWorker worker, long offset, string? key) =>
        dispatcher.Accept(worker, Records.Of(offset, key, timestampMs: time.GetUtcNow().ToUnixTimeMilliseconds()), -1);
}
