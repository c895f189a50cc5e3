using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Tests.Delivery;

namespace Sidecar.Agent.Tests.DeadLetter;

public sealed class LetterTests
{
    private static readonly Letter One = Letter.Of(Records.Make(
        "k1"u8.ToArray(),
        [],
        Records.Bytes(
            ("ce_type", "order.placed"), (LetterHeaders.Topic, "orders.v1"), (LetterHeaders.Partition, "3"),
            (LetterHeaders.Offset, "42"), (LetterHeaders.Outcome, "rejected"), (LetterHeaders.Attempts, "2"),
            (LetterHeaders.Reason, "Unknown Customer")),
        timestampMs: 1000));

    [Test]
    public void A_letter_is_read_as_it_was_written() => Assert.That(
        One with { Position = default },
        Is.EqualTo(new Letter(default, 1000, "k1", "order.placed", "orders.v1/3/42", "rejected", "2", "Unknown Customer")));

    [Test]
    public void A_foreign_record_says_nothing_and_breaks_nothing() => Assert.That(
        Letter.Of(Records.Make(null, null, [([0xff], [0xff])])) with { Position = default },
        Is.EqualTo(new Letter(default, -1, null, "", "", "", "", "")));

    [TestCase("order.placed", null, null, null, null, null, true)]
    [TestCase("order", null, null, null, null, null, false)]
    [TestCase(null, "k1", null, null, null, null, true)]
    [TestCase(null, "k2", null, null, null, null, false)]
    [TestCase(null, null, "unknown", null, null, null, true)]
    [TestCase(null, null, "timeout", null, null, null, false)]
    [TestCase(null, null, null, "rejected", null, null, true)]
    [TestCase(null, null, null, "too_large", null, null, false)]
    [TestCase(null, null, null, null, 1000, null, true)]
    [TestCase(null, null, null, null, 1001, null, false)]
    [TestCase(null, null, null, null, null, 1001, true)]
    [TestCase(null, null, null, null, null, 1000, false)]
    [TestCase("order.placed", "k1", "customer", "rejected", 0, 2000, true)]
    [TestCase("order.placed", "k2", "customer", "rejected", 0, 2000, false)]
    public void A_letter_is_meant_when_all_that_is_given_holds(
        string? type, string? key, string? reason, string? outcome, long? since, long? until, bool isMeant)
    {
        var filter = new LetterFilter { Type = type, Key = key, Reason = reason, Outcome = outcome, SinceMs = since, UntilMs = until };

        Assert.That(filter.Matches(One), Is.EqualTo(isMeant));
    }

    [Test]
    public void What_an_application_wrote_harms_no_terminal()
    {
        Assert.That(Letter.Printable("red \u001b[31m\nline é"u8), Is.EqualTo("red \\u001b[31m\\u000aline é"));
        Assert.That(Letter.Printable([0xff, 0x00]), Is.EqualTo("hex:ff00"));
    }
}
