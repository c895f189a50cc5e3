using Microsoft.Extensions.Time.Testing;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Tests.Telemetry;

public sealed class LineQuotaTests
{
    private readonly FakeTimeProvider time = new();

    [Test]
    public void The_last_line_of_a_minute_says_so_and_more_are_silent()
    {
        var quota = new LineQuota(3, time);
        LogShare[] said = [LogShare.Line, LogShare.Line, LogShare.LastLine, LogShare.Nothing, LogShare.Nothing];
        Assert.That(Take(quota, 5), Is.EqualTo(said));
    }

    [Test]
    public void A_minute_begins_with_its_first_line()
    {
        var quota = new LineQuota(2, time);
        Take(quota, 1);
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.That(Take(quota, 2), Is.EqualTo(new[] { LogShare.LastLine, LogShare.Nothing }));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Take(quota, 3), Is.EqualTo(new[] { LogShare.Line, LogShare.LastLine, LogShare.Nothing }));
    }

    private static LogShare[] Take(LineQuota quota, int count) => [.. Enumerable.Range(0, count).Select(_ => quota.Next())];
}
