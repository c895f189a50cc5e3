using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lease;

namespace Sidecar.OutboxRelay.Tests.Lease;

[TestFixture]
internal sealed class LeaseWatchTests
{
    private const long LengthMs = 5000;

    private readonly FakeTimeProvider time = new();

    [Test]
    public void A_lease_that_nobody_holds_is_free() =>
        Assert.That(new LeaseWatch(time).IsFree(Row(owner: null, beat: 1, expires: 0, now: 0)), Is.True);

    [Test]
    public void A_lease_is_free_once_the_database_clock_has_passed_its_end()
    {
        var watch = new LeaseWatch(time);
        Assert.That(watch.IsFree(Row("a", 1, expires: 100, now: 99)), Is.False);
        Assert.That(watch.IsFree(Row("a", 1, expires: 100, now: 100)), Is.True);
    }

    [Test]
    public void A_database_clock_that_is_set_back_does_not_freeze_a_dead_owners_lease()
    {
        var watch = new LeaseWatch(time);
        Assert.That(watch.IsFree(Row("a", 1, expires: 1_000_000, now: 0)), Is.False);
        time.Advance(TimeSpan.FromMilliseconds(LengthMs - 1));
        Assert.That(watch.IsFree(Row("a", 1, expires: 1_000_000, now: 0)), Is.False);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(watch.IsFree(Row("a", 1, expires: 1_000_000, now: 0)), Is.True);
    }

    [Test]
    public void A_beat_starts_the_observers_own_count_again()
    {
        var watch = new LeaseWatch(time);
        for (var beat = 1; beat < 10; beat++)
        {
            Assert.That(watch.IsFree(Row("a", beat, expires: 1_000_000, now: 0)), Is.False);
            time.Advance(TimeSpan.FromMilliseconds(LengthMs - 1));
        }
    }

    [Test]
    public void Our_own_term_ends_no_later_than_in_the_database()
    {
        var began = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(2));    // the write took so long
        var term = new LeaseTerm(new Fence("a", 1), TimeSpan.FromSeconds(5), time, began);
        Assert.That(term.UntilRenewal, Is.EqualTo(TimeSpan.Zero));
        time.Advance(TimeSpan.FromSeconds(3) - TimeSpan.FromTicks(1));
        Assert.That(term.MaySend, Is.True);
        time.Advance(TimeSpan.FromTicks(1));
        Assert.That(term.MaySend, Is.False);
    }

    /// <summary>
    /// Relays on one lease, with crashes, pauses, and a database clock that jumps either way. At every step: each
    /// take-over has a new epoch, only the latest holder's progress is written, and a lease whose owner is gone is
    /// taken in the end.
    /// </summary>
    [Test]
    public void Whatever_happens_only_the_latest_owner_makes_progress_and_a_dead_one_is_replaced() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 9], Gen.Int[1, 3000]).Array[1, 200].Sample(steps =>
        {
            var model = new LeaseModel(relays: 3);
            foreach (var (relay, action, milliseconds) in steps)
            {
                model.Step(relay, action, milliseconds);
            }

            return model.ADeadOwnerIsReplaced();
        });

    private static LeaseRow Row(string? owner, long beat, long expires, long now) =>
        new(owner, 1, beat, new LeaseTimes(LengthMs, expires, now));
}
