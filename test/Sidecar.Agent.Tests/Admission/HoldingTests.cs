using Grpc.Core;
using Sidecar.Agent.Admission;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Tests.Admission;

public sealed class HoldingTests
{
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(1);
    private static readonly AttemptOutcome Unavailable = new(AttemptEnd.Unavailable, StatusCode.Unavailable, "busy", null);
    private static readonly AttemptOutcome TimedOut = new(AttemptEnd.Failed, StatusCode.DeadlineExceeded, "late", null);
    private static readonly AttemptOutcome Failed = new(AttemptEnd.Failed, StatusCode.Aborted, "no", null);

    [Test]
    public void Unavailable_does_not_count_until_the_event_was_held_as_long_as_it_may_be()
    {
        Assert.That(Holding.Judge(Unavailable, false, Most / 2, Most).End, Is.EqualTo(AttemptEnd.Unavailable));
        Assert.That(Holding.Judge(Unavailable, false, Most, Most).End, Is.EqualTo(AttemptEnd.Failed));
        Assert.That(Holding.Judge(Unavailable, true, Most, Most).End, Is.EqualTo(AttemptEnd.Failed));
    }

    [Test]
    public void A_probe_that_finds_trouble_spends_no_attempt()
    {
        Assert.That(Holding.Judge(TimedOut, true, TimeSpan.Zero, Most).End, Is.EqualTo(AttemptEnd.Unavailable));
        Assert.That(Holding.Judge(TimedOut, false, TimeSpan.Zero, Most).End, Is.EqualTo(AttemptEnd.Failed));
        Assert.That(Holding.Judge(TimedOut, true, Most, Most).End, Is.EqualTo(AttemptEnd.Failed));
        Assert.That(Holding.Judge(Failed, true, TimeSpan.Zero, Most).End, Is.EqualTo(AttemptEnd.Failed));
    }

    [Test]
    public void The_pause_is_what_the_application_asks_within_the_longest_or_about_a_probe()
    {
        var random = new Random(5);
        Assert.That(Holding.Pause(TimeSpan.FromSeconds(3), Most, random), Is.EqualTo(TimeSpan.FromSeconds(3)));
        Assert.That(Holding.Pause(TimeSpan.FromDays(365), Most, random), Is.EqualTo(Most));
        for (var i = 0; i < 1000; i++)
        {
            var pause = Holding.Pause(null, Most, random);
            Assert.That(pause, Is.InRange(BreakerOptions.ProbeInterval / 2, BreakerOptions.ProbeInterval));
        }
    }
}
