using System.Text;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Tests.Delivery;

namespace Sidecar.Agent.Tests.DeadLetter;

public sealed class LetterHeadersTests
{
    private static readonly LetterAddress Address = new("shop.orders", "orders", "shop.orders.orders.dlq");

    private static readonly Provenance Failed = new(
        new TopicPosition("orders.v1", 3, 42), 1_750_000_000_123, 8, 1_750_000_001_000, 1_750_000_002_000, "attempts_exhausted", "no");

    [Test]
    public void A_dead_letter_says_where_it_came_from_and_why()
    {
        var headers = Text(LetterHeaders.Of(Records.With(), Address, Failed, LetterDetail.Full));

        Assert.That(headers, Is.EqualTo(new[]
        {
            "sidecar-original-topic=orders.v1", "sidecar-original-partition=3", "sidecar-original-offset=42",
            "sidecar-outcome=attempts_exhausted", "sidecar-original-timestamp=1750000000123", "sidecar-group=shop.orders",
            "sidecar-subscription=orders", "sidecar-attempts=8", "sidecar-first-failure=1750000001000",
            "sidecar-last-failure=1750000002000", "sidecar-reason=no",
        }));
    }

    [Test]
    public void The_headers_of_the_record_stay_as_they_are_and_where_they_are()
    {
        byte[] notUtf8 = [0xff, 0xfe];
        var record = Records.Make(null, null, [(notUtf8, notUtf8), ("a"u8.ToArray(), null), ("a"u8.ToArray(), [])]);

        var headers = LetterHeaders.Of(record, Address, Failed, LetterDetail.Full);

        Assert.Multiple(() =>
        {
            Assert.That(headers[0].Name, Is.EqualTo(notUtf8));
            Assert.That(headers[0].Value, Is.EqualTo(notUtf8));
            Assert.That(headers[1].Value, Is.Null, "null is not empty");
            Assert.That(headers[2].Value, Is.Empty);
        });
    }

    [Test]
    public void A_letter_that_goes_round_does_not_grow()
    {
        var once = LetterHeaders.Of(Records.With(("ce_id", "1")), Address, Failed, LetterDetail.Full);
        var again = Records.Make(null, null, [.. once.Select(header => (header.Name, header.Value))]);

        var twice = LetterHeaders.Of(again, Address, Failed with { Reason = "other" }, LetterDetail.Full);

        Assert.That(twice, Has.Count.EqualTo(once.Count));
        Assert.That(Text(twice), Has.Member("sidecar-reason=other").And.No.Member("sidecar-reason=no"));
    }

    [Test]
    public void A_bare_letter_has_nothing_that_can_be_long()
    {
        var headers = Text(LetterHeaders.Of(
            Records.With(("ce_id", "1")), Address, Failed with { Reason = new string('x', 9000) }, LetterDetail.Bare));

        Assert.That(headers, Is.EqualTo(new[]
        {
            "ce_id=1", "sidecar-original-topic=orders.v1", "sidecar-original-partition=3", "sidecar-original-offset=42",
            "sidecar-outcome=attempts_exhausted",
        }));
    }

    [Test]
    public void A_reason_of_a_megabyte_that_is_no_text_becomes_a_bounded_text()
    {
        var reason = new StringBuilder().Insert(0, "\ud800é", 500_000).ToString();

        var headers = LetterHeaders.Of(Records.With(), Address, Failed with { Reason = reason }, LetterDetail.Full);

        var written = headers.Single(header => Encoding.UTF8.GetString(header.Name) == LetterHeaders.Reason).Value!;
        Assert.That(written, Has.Length.LessThanOrEqualTo(AttemptOutcome.MaxReasonBytes));
        Assert.That(() => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(written), Throws.Nothing);
    }

    private static string[] Text(IEnumerable<OutgoingHeader> headers) =>
        [.. headers.Select(header => $"{Encoding.UTF8.GetString(header.Name)}={Encoding.UTF8.GetString(header.Value!)}")];
}
