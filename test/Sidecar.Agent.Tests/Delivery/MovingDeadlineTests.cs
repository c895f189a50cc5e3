using Microsoft.Extensions.Time.Testing;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Tests.Delivery;

public sealed class MovingDeadlineTests
{
    private static readonly (TimeSpan, TimeSpan) Limits = (TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60));

    private readonly FakeTimeProvider time = new();
    private readonly DeliveryIds ids = new();

    [Test]
    public void It_passes_when_it_is_not_moved()
    {
        using var deadline = ids.Begin(1, Limits, time, default);
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.That(deadline.Token.IsCancellationRequested, Is.False);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That((deadline.HasPassed, deadline.Token.IsCancellationRequested), Is.EqualTo((true, true)));
        Assert.That(ids.Extend(1, TimeSpan.FromSeconds(5)), Is.Null, "it is too late");
    }

    [Test]
    public void It_moves_as_often_as_is_asked_and_never_beyond_the_longest()
    {
        using var deadline = ids.Begin(1, Limits, time, default);
        for (var second = 5; second <= 45; second += 5)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            Assert.That(ids.Extend(1, TimeSpan.FromSeconds(10)), Is.EqualTo(TimeSpan.FromSeconds(10)), $"at {second} s");
        }

        Assert.That(ids.Extend(1, TimeSpan.FromDays(365)), Is.EqualTo(TimeSpan.FromSeconds(15)), "bounded");
        time.Advance(TimeSpan.FromSeconds(14));
        Assert.That(deadline.HasPassed, Is.False);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(deadline.HasPassed, Is.True);
    }

    [Test]
    public void It_never_moves_nearer()
    {
        using var deadline = ids.Begin(1, Limits, time, default);
        Assert.That(ids.Extend(1, TimeSpan.FromSeconds(1)), Is.EqualTo(TimeSpan.FromSeconds(10)));
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.That(deadline.HasPassed, Is.False);
    }

    [Test]
    public void An_attempt_that_has_ended_is_not_found_and_its_timer_rings_in_vain()
    {
        var deadline = ids.Begin(1, Limits, time, default);
        deadline.Dispose();
        Assert.That(ids.Extend(1, TimeSpan.FromSeconds(1)), Is.Null);
        time.Advance(TimeSpan.FromHours(1));
        Assert.That(deadline.HasPassed, Is.False);
    }

    [Test]
    public void A_timer_that_rings_a_little_early_does_not_lose_the_deadline()
    {
        var early = new EarlyTime();
        using var deadline = ids.Begin(1, Limits, early, default);
        early.Advance(TimeSpan.FromMilliseconds(9_999));
        Assert.That((early.Rings, deadline.HasPassed), Is.EqualTo((1, false)));
        early.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(deadline.HasPassed, Is.True);
    }

    [Test]
    public void One_whose_timer_is_late_is_over_when_it_is_to_be_moved()
    {
        var late = new LateTime();
        using var deadline = ids.Begin(1, Limits, late, default);
        late.Advance(TimeSpan.FromSeconds(61));
        Assert.That(ids.Extend(1, TimeSpan.FromSeconds(5)), Is.Null, "it is over, though nothing has rung");
    }

    [Test]
    public void A_cancelled_attempt_has_not_passed_its_deadline()
    {
        using var cancelling = new CancellationTokenSource();
        using var deadline = ids.Begin(1, Limits, time, cancelling.Token);
        cancelling.Cancel();
        Assert.That((deadline.HasPassed, deadline.Token.IsCancellationRequested), Is.EqualTo((false, true)));
    }

    /// <summary>Its timers do not ring.</summary>
    private sealed class LateTime : FakeTimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(_ => { }, state, dueTime, period);
    }

    /// <summary>Its timers ring a millisecond before they are due, the first time.</summary>
    private sealed class EarlyTime : FakeTimeProvider
    {
        public int Rings { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(
                given =>
                {
                    Rings++;
                    callback(given);
                },
                state, dueTime - TimeSpan.FromMilliseconds(1), period);
    }
}
