using Sidecar.Agent.Admission;

namespace Sidecar.Agent.Tests.Admission;

public sealed class RateLimitTests
{
    [TestCase(1)]
    [TestCase(7)]
    [TestCase(100)]
    [TestCase(5000)]
    public void It_lets_through_what_it_says_and_no_burst_after_an_idle_time(int perSecond)
    {
        var (limit, now, passed) = (new RateLimit(perSecond), TimeSpan.FromHours(1), 0);
        var end = now + TimeSpan.FromSeconds(10);
        while (now < end)
        {
            if (limit.MayPass(now))
            {
                limit.Pass();
                passed++;
            }
            else
            {
                Assert.That(limit.NextAt, Is.GreaterThan(now), "it says when, and not now");
                now = limit.NextAt;
            }
        }

        var saved = Math.Max(1, perSecond * RateLimit.SavedSeconds);
        Assert.That(passed, Is.InRange(perSecond * 10 * 0.99, (perSecond * 10) + saved + 1));
    }

    [Test]
    public void No_limit_is_none()
    {
        var limit = new RateLimit(0);
        for (var i = 0; i < 1000; i++)
        {
            Assert.That(limit.MayPass(TimeSpan.Zero), Is.True);
            limit.Pass();
        }

        Assert.That(limit.NextAt, Is.LessThanOrEqualTo(TimeSpan.Zero));
    }
}
