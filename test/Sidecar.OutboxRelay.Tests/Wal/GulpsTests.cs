using Microsoft.Extensions.Time.Testing;
using Sidecar.OutboxRelay.Lanes;
using Sidecar.OutboxRelay.Wal;

namespace Sidecar.OutboxRelay.Tests.Wal;

public sealed class GulpsTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(2);

    private readonly FakeTimeProvider time = new();
    private Gulps gulps = null!;

    [SetUp]
    public void Make() => gulps = new Gulps(time);

    [Test]
    public void A_message_after_a_silence_is_read_at_once()
    {
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.That(gulps.Breath(waited: true, 100), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Few_rows_are_read_as_they_come()
    {
        Assert.That(BreathOfRows(perSecond: 500), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Many_rows_gather_for_as_long_as_looks_at_the_table_are_apart()
    {
        Assert.That(BreathOfRows(perSecond: 3000), Is.EqualTo(RowRate.Spacing));
    }

    [Test]
    public void When_many_have_become_few_they_are_read_as_they_come_again()
    {
        BreathOfRows(perSecond: 3000);

        Assert.That(BreathOfRows(perSecond: 500), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void What_is_there_already_is_read_on_unless_it_comes_packet_by_packet()
    {
        BreathOfRows(perSecond: 3000);
        gulps.Gathered();
        Assert.That(gulps.Breath(waited: false, 1000), Is.EqualTo(TimeSpan.Zero));

        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(gulps.Breath(waited: false, 1000), Is.EqualTo(RowRate.Spacing));
    }

    // Three seconds of rows that come by turns of two milliseconds.
    private TimeSpan BreathOfRows(int perSecond)
    {
        var breath = TimeSpan.Zero;
        var each = (int)(perSecond * Moment.TotalSeconds);
        for (var at = TimeSpan.Zero; at < TimeSpan.FromSeconds(3); at += Moment)
        {
            time.Advance(Moment);
            breath = gulps.Breath(waited: true, 100);
            for (var row = 0; row < each; row++)
            {
                gulps.WasRow();
            }
        }

        return breath;
    }
}
