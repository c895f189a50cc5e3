using Sidecar.Agent.DeadLetter;

namespace Sidecar.Agent.Tests.DeadLetter;

public sealed class StormLimitTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Test]
    public void An_application_that_refuses_everything_writes_a_hundred_letters_and_is_held()
    {
        var limit = new StormLimit(StormThreshold.Default);

        var taken = Enumerable.Range(0, 10_000).Count(_ => limit.TryTake(isProbe: false, Second));

        Assert.That(taken, Is.EqualTo(StormLimit.SharedOver));
        Assert.That(limit.Held, Does.Contain("90 %"));
    }

    [Test]
    public void An_application_that_refuses_half_is_never_held()
    {
        var limit = new StormLimit(StormThreshold.Default);
        var random = new Random(7);

        for (var i = 0; i < 1_000_000; i++)
        {
            End(limit, isLetter: random.Next(2) == 0, Second);
        }

        Assert.That(limit.Held, Is.Null);
    }

    [Test]
    public void Of_any_hundred_events_in_a_row_no_more_than_the_share_are_letters()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            var random = new Random(seed);
            var limit = new StormLimit(new StormThreshold(null, 30));
            var ended = new List<bool>();
            var refuses = random.NextDouble();
            while (limit.Held is null && ended.Count < 5000)
            {
                refuses = random.Next(100) == 0 ? random.NextDouble() * 0.4 : refuses;
                var isLetter = random.NextDouble() < refuses;
                if (End(limit, isLetter, Second))
                {
                    ended.Add(isLetter);
                }
            }

            // The first hundred have no hundred before them.
            for (var last = 2 * StormLimit.SharedOver; last <= ended.Count; last++)
            {
                var letters = ended.Skip(last - StormLimit.SharedOver).Take(StormLimit.SharedOver).Count(letter => letter);
                Assert.That(letters, Is.LessThanOrEqualTo(30), $"seed {seed}");
            }
        }
    }

    [Test]
    public void No_more_letters_than_the_rate_are_written_within_any_minute()
    {
        var limit = new StormLimit(new StormThreshold(10, null));
        var now = TimeSpan.Zero;
        for (var i = 0; i < 10; i++, now += Second)
        {
            Assert.That(limit.TryTake(false, now), Is.True);
        }

        Assert.That(limit.TryTake(false, now), Is.False);
        Assert.That(limit.Held, Does.Contain("10 dead letters within a minute"));
    }

    [Test]
    public void Letters_slower_than_the_rate_go_on_for_ever()
    {
        var limit = new StormLimit(new StormThreshold(10, null));

        for (var i = 0; i < 1000; i++)
        {
            Assert.That(limit.TryTake(false, i * 6 * Second), Is.True);
        }
    }

    [Test]
    public void Off_holds_nothing()
    {
        var limit = new StormLimit(new StormThreshold(null, null));

        Assert.That(Enumerable.Range(0, 1000).All(_ => limit.TryTake(false, Second)), Is.True);
    }

    [Test]
    public void While_it_is_held_one_probe_passes_at_a_time_and_three_that_are_taken_end_it()
    {
        var limit = new StormLimit(new StormThreshold(1, null));
        limit.TryTake(false, TimeSpan.Zero);
        limit.TryTake(false, TimeSpan.Zero);
        var now = TimeSpan.Zero;
        for (var probe = 1; probe <= StormLimit.ProbesToEnd; probe++)
        {
            Assert.That(limit.Held, Is.Not.Null);
            Assert.That(limit.MayPass(now), Is.False, "not before its time");
            now += StormLimit.ProbeInterval;
            Assert.That(limit.MayPass(now), Is.True);
            Assert.That(limit.Pass(), Is.True);
            Assert.That(limit.MayPass(now + StormLimit.ProbeInterval), Is.False, "one at a time");
            limit.Delivered(isProbe: true, now);
        }

        Assert.That(limit.Held, Is.Null);
        Assert.That(limit.MayPass(now), Is.True);
        Assert.That(limit.Pass(), Is.False);
    }

    [Test]
    public void A_success_that_was_on_its_way_when_the_storm_began_does_not_end_it()
    {
        var limit = new StormLimit(new StormThreshold(1, null));
        limit.TryTake(false, TimeSpan.Zero);
        limit.TryTake(false, TimeSpan.Zero);

        for (var i = 0; i < 100; i++)
        {
            limit.Delivered(isProbe: false, Second);
        }

        Assert.That(limit.Held, Is.Not.Null);
    }

    [Test]
    public void A_probe_that_is_refused_begins_the_count_again()
    {
        var limit = new StormLimit(new StormThreshold(1, null));
        limit.TryTake(false, TimeSpan.Zero);
        limit.TryTake(false, TimeSpan.Zero);
        var now = TimeSpan.Zero;
        foreach (var isTaken in new[] { true, true, false, true, true })
        {
            now += StormLimit.ProbeInterval;
            limit.Pass();
            if (isTaken)
            {
                limit.Delivered(true, now);
            }
            else
            {
                Assert.That(limit.TryTake(true, now), Is.False, "no letter is written while it is held");
            }
        }

        Assert.That(limit.Held, Is.Not.Null);
    }

    private static bool End(StormLimit limit, bool isLetter, TimeSpan now)
    {
        if (isLetter)
        {
            return limit.TryTake(false, now);
        }

        limit.Delivered(false, now);
        return true;
    }
}
