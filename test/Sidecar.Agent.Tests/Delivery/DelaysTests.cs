using Google.Protobuf.WellKnownTypes;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Tests.Delivery;

public sealed class DelaysTests
{
    [TestCase("1500", 1500)]
    [TestCase("0", 0)]
    [TestCase("-5", 0)]
    [TestCase("250ms", 250)]
    [TestCase(" 1.5s ", 1500)]
    [TestCase("1m30s", 90_000)]
    [TestCase("1h0m0.5s", 3_600_500)]
    [TestCase("-2s", 0)]
    [TestCase("500us", 0.5)]
    [TestCase("99999h", 86_400_000)]
    [TestCase("99999999999999999999", 86_400_000)]
    public void Reads(string text, double milliseconds) =>
        Assert.That(Delays.Parse(text)?.TotalMilliseconds, Is.EqualTo(milliseconds));

    [TestCase("")]
    [TestCase("-")]
    [TestCase("soon")]
    [TestCase("s")]
    [TestCase("5 s")]
    [TestCase("1.5.2s")]
    [TestCase("5d")]
    [TestCase("1s5")]
    public void Refuses(string text) => Assert.That(Delays.Parse(text), Is.Null);

    [TestCase(1, 500_000_000, 1500)]
    [TestCase(-1, 0, 0)]
    [TestCase(long.MaxValue, 0, 86_400_000)]
    [TestCase(long.MinValue, int.MinValue, 0)]
    public void A_duration_is_brought_within_limits(long seconds, int nanos, double milliseconds) =>
        Assert.That(
            Delays.Of(new Duration { Seconds = seconds, Nanos = nanos }).TotalMilliseconds, Is.EqualTo(milliseconds));
}
