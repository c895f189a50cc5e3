using System.Text;
using CsCheck;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Tests.Delivery;

public sealed class InstantTests
{
    [Test]
    public void Reads_what_the_framework_writes() =>
        Gen.Select(Gen.DateTimeOffset, Gen.Int[0, 7]).Sample((time, digits) =>
        {
            var fraction = digits == 0 ? "" : "." + new string('f', digits);
            var text = time.ToString("yyyy-MM-dd'T'HH:mm:ss" + fraction + "zzz");
            var expected = DateTimeOffset.Parse(text);
            var nanos = (int)(expected.Ticks % TimeSpan.TicksPerSecond) * 100;
            Assert.That(Read(text), Is.EqualTo(new Instant(expected.ToUnixTimeSeconds(), nanos)), text);
        });

    [TestCase("2026-05-04T03:02:01Z", 1777863721, 0)]
    [TestCase("2026-05-04t03:02:01z", 1777863721, 0)]
    [TestCase("1969-12-31T23:59:59.25Z", -1, 250_000_000)]
    [TestCase("2026-05-04T03:02:01.123456789987Z", 1777863721, 123_456_789)]
    [TestCase("2016-12-31T23:59:60Z", 1483228800, 0, Description = "a leap second")]
    public void Reads(string text, long seconds, int nanos) =>
        Assert.That(Read(text), Is.EqualTo(new Instant(seconds, nanos)));

    [TestCase("")]
    [TestCase("2026-05-04")]
    [TestCase("2026-05-04T03:02:01")]
    [TestCase("2026-05-04 03:02:01Z")]
    [TestCase("2026-02-30T03:02:01Z")]
    [TestCase("2026-13-01T03:02:01Z")]
    [TestCase("0000-01-01T00:00:00Z")]
    [TestCase("2026-05-04T24:00:00Z")]
    [TestCase("2026-05-04T03:02:01.Z")]
    [TestCase("2026-05-04T03:02:01+0200")]
    [TestCase("2026-05-04T03:02:01+02:00x")]
    [TestCase("0001-01-01T00:00:00+00:01", Description = "before the first year")]
    public void Refuses(string text) => Assert.That(Read(text), Is.Null);

    [Test]
    public void Never_throws_whatever_the_bytes() =>
        Gen.Byte.Array[0, 40].Sample(bytes => Instant.TryParse(bytes, out _) || true);

    private static Instant? Read(string text) =>
        Instant.TryParse(Encoding.UTF8.GetBytes(text), out var instant) ? instant : null;
}
