using Microsoft.Extensions.Time.Testing;
using Sidecar.OutboxRelay.Lanes;
using Sidecar.OutboxRelay.Wal;

namespace Sidecar.OutboxRelay.Tests.Wal;

public sealed class WalSwitchTests
{
    private readonly FakeTimeProvider time = new();
    private WalSwitch phases = null!;

    [SetUp]
    public void Make() => phases = new WalSwitch(1000, time);

    [Test]
    public void A_slot_is_wanted_once_the_table_is_read_to_its_end()
    {
        Assert.That(phases.MayBegin(caughtUp: false), Is.False);
        Assert.That(phases.MayBegin(caughtUp: true));
    }

    [Test]
    public void The_stream_goes_on_only_after_a_read_that_covers_the_slots_own_snapshot()
    {
        phases.Begin();
        phases.Made(Snapshot.Parse("10:12:"));

        // 11 is in the log before the slot's beginning, and this read did not see it yet.
        Assert.That(phases.TryStream(Snapshot.Parse("11:14:11")), Is.False);
        Assert.That(phases.Phase, Is.EqualTo(WalPhase.CatchingUp));
        Assert.That(phases.TryStream(Snapshot.Parse("12:14:13")));
        Assert.That(phases.Phase, Is.EqualTo(WalPhase.Streaming));
    }

    [Test]
    public void Each_loss_doubles_the_pause_up_to_a_minute_and_a_long_life_heals_it()
    {
        var pauses = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            Stream();
            phases.Lost();
            pauses.Add(Pause());
        }

        Assert.That(pauses, Is.EqualTo(new double[] { 1, 2, 4, 8, 16, 32, 60, 60 }));
        Stream();
        time.Advance(WalOptions.HealedAfter);
        phases.Lost();
        Assert.That(Pause(), Is.EqualTo(1));
    }

    /// <summary>Seen on both servers while transactions without rows ran: the relay waited for its slot for ever.</summary>
    [TestCase("1393:1392:", "1393:1393:")]
    [TestCase("10:12:11", "10:12:11")]
    public void The_snapshot_of_a_slot_may_have_its_first_number_beyond_its_second(string text, string expected)
    {
        Assert.That(WalStream.Beginning(text).ToString(), Is.EqualTo(expected));
        Assert.That(() => WalStream.Beginning("12:x:"), Throws.InstanceOf<InvalidDataException>());
    }

    [Test]
    public void A_slot_that_is_being_made_may_keep_no_more_than_one_that_is_read()
    {
        phases.Begin();
        Assert.That(phases.IsTooFar(1001));
        Assert.That(phases.IsTooFar(1000), Is.False);
    }

    private void Stream()
    {
        phases.Begin();
        phases.Made(Snapshot.None);
        phases.TryStream(Snapshot.Parse("3:3:"));
    }

    private double Pause()
    {
        var seconds = 0;
        for (; !phases.MayBegin(caughtUp: true); seconds++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }

        return seconds;
    }
}
