using CsCheck;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Tests.Lanes;

[TestFixture]
internal sealed class FairShareTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(5);

    [Test]
    public void However_lanes_lie_live_relays_come_to_fair_shares_of_all_of_them() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[0, 5], Gen.Int[-1, 11].Array[1, 64], Gen.Bool).Sample((count, first, owners, alone) =>
        {
            // Relays 0 to 11 may own lanes at first, of which the ones from first on, count of them, live.
            var live = Enumerable.Range(first, count).Select(Relay).Order().ToList();
            var lanes = owners.Select((owner, bucket) => new LaneSighting(bucket, owner < 0 ? null : Relay(owner), 1)).ToArray();
            for (var round = 0; round < 4; round++)
            {
                foreach (var relay in live)
                {
                    var decision = FairShare.Decide(relay, live, lanes, alone);
                    foreach (var bucket in decision.Drain)
                    {
                        lanes[bucket] = lanes[bucket] with { Owner = null };
                    }

                    foreach (var claim in decision.Claim)
                    {
                        lanes[claim.Bucket] = claim with { Owner = relay, Epoch = claim.Epoch + 1 };
                    }
                }
            }

            var held = live.Select(relay => lanes.Count(lane => lane.Owner == relay)).ToList();
            return held.Sum() == lanes.Length && (alone ? held.Max() == lanes.Length : held.Max() - held.Min() <= 1) &&
                live.All(relay => FairShare.Decide(relay, live, lanes, alone) is { Drain.Count: 0, Claim.Count: 0 });
        });

    [Test]
    public void Who_owns_most_lanes_stays_the_one_that_owns_all()
    {
        LaneSighting[] lanes = [new(0, Relay(2), 1), new(1, Relay(2), 1), new(2, Relay(1), 1), new(3, null, 1)];
        Guid[] live = [Relay(1), Relay(2)];
        Assert.That(FairShare.Decide(Relay(2), live, lanes, alone: true).Claim.Single().Bucket, Is.EqualTo(3));
        Assert.That(FairShare.Decide(Relay(1), live, lanes, alone: true).Drain, Is.EqualTo((int[])[2]));
    }

    [Test]
    public void A_relay_that_is_taken_for_dead_claims_nothing() =>
        Assert.That(FairShare.Decide(Relay(1), [Relay(2)], [new(0, null, 1)], alone: false).Claim, Is.Empty);

    [Test]
    public void A_relay_is_dead_when_its_lease_has_ended_on_the_databases_clock()
    {
        var watch = new RelayWatch();
        Assert.That(Live(watch, beat: 1, leftMs: 1, atMs: 0), Is.True);
        Assert.That(Live(watch, beat: 1, leftMs: 0, atMs: 1), Is.False);
    }

    [Test]
    public void A_relay_is_dead_when_its_row_stands_still_for_a_lease_whatever_the_databases_clock_says()
    {
        var watch = new RelayWatch();
        Assert.That(Live(watch, beat: 1, leftMs: 1_000_000, atMs: 0), Is.True);
        Assert.That(Live(watch, beat: 1, leftMs: 1_000_000, atMs: 4999), Is.True);
        Assert.That(Live(watch, beat: 1, leftMs: 1_000_000, atMs: 5000), Is.False);
        Assert.That(Live(watch, beat: 2, leftMs: 1_000_000, atMs: 5001), Is.True);
    }

    [Test]
    public void The_time_that_a_read_took_does_not_count_against_the_owner()
    {
        var watch = new RelayWatch();
        RelaySighting[] rows = [new(Relay(1), 1, 1, Lease, TimeSpan.FromHours(1))];
        watch.Live(rows, TimeSpan.Zero, ended: TimeSpan.FromSeconds(3));
        Assert.That(watch.Live(rows, began: TimeSpan.FromSeconds(7), ended: TimeSpan.FromSeconds(60)), Is.Not.Empty);
        Assert.That(watch.Live(rows, began: TimeSpan.FromSeconds(8), ended: TimeSpan.FromSeconds(60)), Is.Empty);
    }

    private static bool Live(RelayWatch watch, long beat, int leftMs, int atMs)
    {
        var at = TimeSpan.FromMilliseconds(atMs);
        return watch.Live([new(Relay(1), 1, beat, Lease, TimeSpan.FromMilliseconds(leftMs))], at, at).Count > 0;
    }

    private static Guid Relay(int number) => new(number, 0, 0, new byte[8]);
}
