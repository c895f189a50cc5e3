using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Sidecar.Agent.Admission;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>What keeps a whole subscription from delivering: health, people, and its rate.</summary>
public sealed class BarTests
{
    private const int Slots = 8;
    private const int Events = 100;

    private readonly FakeTimeProvider time = new();

    [Test]
    public void Nothing_departs_behind_a_bar_and_all_of_it_when_the_last_is_lifted()
    {
        using var rig = new Rig(time, new DispatchOptions { Ordering = Ordering.None });
        rig.Dispatcher.Control.Raise(Bar.Unhealthy, "not well");
        rig.Dispatcher.Control.Raise(Bar.Commanded, "somebody said so");
        rig.Fill(Events);
        time.Advance(TimeSpan.FromHours(1));
        Assert.That(rig.Flying, Is.Zero);

        rig.Dispatcher.Control.Lift(Bar.Unhealthy, probeFirst: false);
        Assert.That(rig.Flying, Is.Zero, "the other is still there");
        Assert.That(rig.Dispatcher.Control.Lift(Bar.Commanded, probeFirst: false), Is.True);
        Assert.That(rig.Flying, Is.EqualTo(Slots));
        Assert.That(rig.Dispatcher.Control.Lift(Bar.Commanded, probeFirst: false), Is.False, "it was lifted already");
    }

    [Test]
    public void What_is_in_flight_when_a_bar_goes_up_may_end_and_counts()
    {
        using var rig = new Rig(time, new DispatchOptions { Ordering = Ordering.None });
        rig.Fill(Events);
        rig.Dispatcher.Control.Raise(Bar.Unhealthy, "not well");
        var ended = rig.EndAll(AttemptOutcome.Delivered);
        Assert.That(ended, Is.All.EqualTo(Step.Complete));
        Assert.That(rig.Flying, Is.Zero, "and nothing follows");
    }

    [Test]
    public void An_application_that_was_away_is_probed_and_then_sent_more_step_by_step()
    {
        using var rig = new Rig(time, new DispatchOptions { Ordering = Ordering.None });
        rig.Dispatcher.Control.Raise(Bar.Unhealthy, "not well");
        rig.Fill(Events);
        rig.Dispatcher.Control.Lift(Bar.Unhealthy, probeFirst: true);
        var curve = new List<int>();
        for (var i = 0; i < 6; i++)
        {
            curve.Add(rig.Flying);
            rig.EndAll(AttemptOutcome.Delivered);
        }

        Assert.That(curve, Is.EqualTo([1, 2, 4, 8, 8, 8]));
    }

    [Test]
    public void A_late_answer_from_before_the_bar_does_not_close_the_breaker()
    {
        using var rig = new Rig(time, new DispatchOptions { Ordering = Ordering.None });
        rig.Fill(Events);
        rig.Dispatcher.Control.Raise(Bar.Unhealthy, "not well");
        rig.Dispatcher.Control.Lift(Bar.Unhealthy, probeFirst: true);
        var probe = rig.Flying;
        rig.EndOldest(Slots, AttemptOutcome.Delivered);
        Assert.That((probe, rig.Flying), Is.EqualTo((Slots, 1)), "all slots were busy; then the probe alone");
    }

    [Test]
    public void Deliveries_start_at_the_rate_that_is_set_and_no_faster()
    {
        const int perSecond = 50;
        using var rig = new Rig(time, new DispatchOptions { Ordering = Ordering.None, RateLimit = perSecond });
        rig.Fill(Events * 10);
        var delivered = 0;
        for (var ms = 0; ms < 10_000; ms++)
        {
            delivered += rig.EndAll(AttemptOutcome.Delivered).Count;
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.That(delivered, Is.InRange(perSecond * 10 * 0.98, (perSecond * 10) + (perSecond * RateLimit.SavedSeconds) + 1));
    }

    [Test]
    public void A_rate_and_an_application_that_is_away_do_not_wake_each_other_for_nothing()
    {
        using var rig = new Rig(time, new DispatchOptions { Ordering = Ordering.None, RateLimit = 1 });
        rig.Fill(Events);
        var absent = new AttemptOutcome(AttemptEnd.Unreachable, StatusCode.Unavailable, "gone", null);
        var probes = 0;
        for (var ms = 0; ms < 10_000; ms += 10)
        {
            probes += rig.EndAll(absent).Count;
            time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.That(probes, Is.InRange(9, 11), "a probe is a delivery: one a second");
    }

    /// <summary>A dispatcher with some slots that take whatever departs.</summary>
    private sealed class Rig : IDisposable
    {
        private readonly List<(DeliverySlot Slot, ValueTask<QueuedEvent?> Wait)> waits = [];
        private readonly List<(DeliverySlot Slot, QueuedEvent Event)> flying = [];
        private readonly PartitionWorker worker;
        private long next;

        public Rig(FakeTimeProvider time, DispatchOptions options)
        {
            Dispatcher = new Dispatcher(options, new DeliveryOptions(), new BufferBudget(long.MaxValue), time, new Random(1));
            worker = Dispatcher.Open("t", 0, new PartitionTracker(0, AckMap.Empty(0)));
            for (var i = 0; i < Slots; i++)
            {
                Take(new DeliverySlot());
            }
        }

        public Dispatcher Dispatcher { get; }

        public int Flying
        {
            get
            {
                Collect();
                return flying.Count;
            }
        }

        public void Fill(int events)
        {
            for (var i = 0; i < events; i++)
            {
                Dispatcher.Accept(worker, Records.Of(next++, null), -1);
            }
        }

        public List<Step> EndAll(AttemptOutcome outcome) => EndOldest(Flying, outcome);

        public List<Step> EndOldest(int count, AttemptOutcome outcome)
        {
            Collect();
            var ending = flying.Take(count).ToList();
            flying.RemoveRange(0, ending.Count);
            var steps = ending.ConvertAll(one => Dispatcher.Finish(one.Event, outcome).Step);
            ending.ForEach(one => Take(one.Slot));
            return steps;
        }

        public void Dispose()
        {
            Dispatcher.Dispose();
            worker.Dispose();
        }

        private void Take(DeliverySlot slot) => waits.Add((slot, Dispatcher.TakeAsync(slot)));

        private void Collect()
        {
            foreach (var (slot, wait) in waits.Where(one => one.Wait.IsCompleted).ToList())
            {
                waits.RemoveAll(one => one.Slot == slot);
                flying.Add((slot, wait.Result!));
            }
        }
    }
}
