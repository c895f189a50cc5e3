using CsCheck;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Tests.Lanes;

[TestFixture]
internal sealed class SnapshotTests
{
    [TestCase("1:1:")]
    [TestCase("10:20:10,14,15")]
    [TestCase("18446744073709551614:18446744073709551615:18446744073709551614")]
    public void What_PostgreSQL_prints_is_read_and_printed_again(string text) =>
        Assert.That(Snapshot.Parse(text).ToString(), Is.EqualTo(text));

    [TestCase(null)]
    [TestCase("")]
    [TestCase("10:20")]
    [TestCase("10:20:10:")]
    [TestCase("0:20:")]
    [TestCase("20:10:")]
    [TestCase("10:20:9")]
    [TestCase("10:20:20")]
    [TestCase("10:20:15,14")]
    [TestCase("10:20:15,15")]
    [TestCase("10:20:15,")]
    [TestCase("10:20: 15")]
    [TestCase("-1:20:")]
    [TestCase("10:18446744073709551616:")]
    [TestCase("10:20:x")]
    public void Anything_else_is_refused_with_the_text_in_the_reason(string? text)
    {
        Assert.That(Snapshot.TryParse(text, out _, out var error), Is.False);
        Assert.That(error, Does.Contain($"'{text}'"));
    }

    [TestCase(9ul, true)]
    [TestCase(10ul, false)]
    [TestCase(11ul, true)]
    [TestCase(14ul, false)]
    [TestCase(19ul, true)]
    [TestCase(20ul, false)]
    [TestCase(ulong.MaxValue, false)]
    public void It_sees_what_had_ended(ulong xid, bool sees) =>
        Assert.That(Snapshot.Parse("10:20:10,14").Sees(xid), Is.EqualTo(sees));

    [Test]
    public void One_snapshot_covers_another_exactly_if_it_sees_all_that_the_other_sees() =>
        Gen.Select(SmallSnapshot, SmallSnapshot).Sample((a, b) =>
        {
            var all = Enumerable.Range(1, 20).All(xid => a.Sees((ulong)xid) || !b.Sees((ulong)xid));
            return a.Covers(b) == all || (a.Xmax < b.Xmax && !a.Covers(b));
        });

    [Test]
    public void Snapshots_are_equal_exactly_if_their_texts_are() =>
        Gen.Select(SmallSnapshot, SmallSnapshot).Sample((a, b) =>
            a.Equals(b) == (a.ToString() == b.ToString()) && a.Equals(Snapshot.Parse(a.ToString())));

    private static Gen<Snapshot> SmallSnapshot =>
        Gen.Select(Gen.ULong[1, 5], Gen.ULong[0, 6], Gen.Bool.Array[6]).Select((xmin, length, running) =>
            Snapshot.Parse($"{xmin}:{xmin + length}:" +
                string.Join(',', Enumerable.Range(0, (int)length).Where(i => running[i]).Select(i => xmin + (ulong)i))));
}
