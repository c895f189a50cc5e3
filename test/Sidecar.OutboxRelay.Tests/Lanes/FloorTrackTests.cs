using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Tests.Lanes;

[TestFixture]
internal sealed class FloorTrackTests
{
    [Test]
    public void A_row_of_a_transaction_that_runs_above_xmax_is_not_below_the_floor()
    {
        // Transaction 725 has taken id 1 and runs. Nothing above it has ended: the snapshot is 725:725:, with nobody running.
        var floors = new FloorTrack();
        floors.Note(lastId: 1, nextXid: 726);
        Assert.That(floors.FloorOf(Snapshot.Parse("725:725:")), Is.Zero);
        Assert.That(floors.FloorOf(Snapshot.Parse("726:726:")), Is.EqualTo(1));
    }

    [Test]
    public void The_highest_reading_that_is_proven_counts()
    {
        var floors = new FloorTrack();
        floors.Note(10, 100);
        floors.Note(20, 200);
        floors.Note(25, 200);
        floors.Note(30, 300);
        Assert.That(floors.FloorOf(Snapshot.Parse("150:299:150")), Is.EqualTo(25));
        Assert.That(floors.FloorOf(Snapshot.Parse("150:299:150")), Is.EqualTo(25));
        Assert.That(floors.FloorOf(Snapshot.Parse("150:300:150")), Is.EqualTo(30));
    }

    [Test]
    public void While_nothing_is_proven_the_oldest_and_the_newest_readings_are_kept()
    {
        var floors = new FloorTrack();
        for (var i = 1; i <= 1000; i++)
        {
            floors.Note(i, 1000 + (ulong)i);
        }

        Assert.That(floors.FloorOf(Snapshot.Parse("1001:1001:")), Is.EqualTo(1));
        Assert.That(floors.FloorOf(Snapshot.Parse("2000:2000:")), Is.EqualTo(1000));
    }

    [TestCase(725ul, 723, 726ul)]
    [TestCase(0x1_0000_0005ul, 3, 0x1_0000_0006ul)]
    [TestCase(0xFFFF_FFF0ul, 13, 0x1_0000_0010ul)]
    [TestCase(0x9000_0000ul, unchecked((int)0x8FFF_FFFD), 0x9000_0000ul)]
    public void The_next_number_is_found_from_32_bits(ulong xmax, int age, ulong next) =>
        Assert.That(FloorTrack.NextXid(xmax, age), Is.EqualTo(next));
}
