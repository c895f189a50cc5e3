using Sidecar.Agent.Admission;

namespace Sidecar.Agent.Tests.Admission;

/// <summary>What the application of a <see cref="BreakerSimulation"/> does.</summary>
internal enum Mood
{
    Well,
    Refuses,
    Gone,
    Unavailable,
    Hangs,
}

/// <summary>
/// A breaker between many deliveries and an application whose mood changes at random, on a clock of 10 ms. After every
/// step the promises of the breaker are checked.
/// </summary>
/// <param name="seed">The schedule.</param>
/// <param name="ceiling">Deliveries at a time.</param>
/// <param name="heedsEras">False plants a bug: what comes back late is taken for news of now.</param>
internal sealed class BreakerSimulation(int seed, int ceiling, bool heedsEras = true)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1);

    private readonly Random random = new(seed);
    private readonly CircuitBreaker breaker = new(BreakerOptions.For(Deadline, ceiling));
    private readonly List<(TimeSpan Ends, Mood Mood, int Era)> flying = [];
    private Mood mood = Mood.Well;
    private TimeSpan now;
    private TimeSpan moodSince;
    private TimeSpan openSince;
    private TimeSpan answeredAt;
    private int startedSinceOpen;

    /// <summary>Times that it opened.</summary>
    public int Opened { get; private set; }

    /// <summary>The most deliveries in flight at each tick since the last probe, for the curve of the ramp.</summary>
    public List<(TimeSpan At, int Flying)> Curve { get; } = [];

    /// <summary>Runs so many moods, then a calm one in which it must close.</summary>
    public void Run(int moods, params Mood[] among)
    {
        for (var i = 0; i < moods; i++)
        {
            Feel(among[random.Next(among.Length)], TimeSpan.FromMilliseconds(random.Next(50, 6000)));
        }

        Feel(Mood.Well, TimeSpan.FromSeconds(20));
        Assert.That(breaker.State, Is.EqualTo(BreakerState.Closed), "an application that is well has all deliveries");
        Assert.That(flying, Has.Count.EqualTo(ceiling));
    }

    /// <summary>The application is in a mood for a time.</summary>
    public void Feel(Mood next, TimeSpan time)
    {
        moodSince = next == mood ? moodSince : now;
        mood = next;
        for (var until = now + time; now < until; now += Tick)
        {
            End();
            Start();
            Check();
            Curve.Add((now, flying.Count));
        }
    }

    private void End()
    {
        // An application that goes takes with it what it has.
        foreach (var delivery in flying.Where(one => one.Ends <= now || mood == Mood.Gone).ToList())
        {
            flying.Remove(delivery);
            var sign = SignOf(mood == Mood.Gone ? Mood.Gone : delivery.Mood);
            answeredAt = sign == AppSign.Fine ? now : answeredAt;
            var turn = breaker.Observe(sign, heedsEras ? delivery.Era : breaker.Era, now);
            if (turn == BreakerTurn.Opened)
            {
                Opened++;
                Assert.That(sign, Is.Not.EqualTo(AppSign.Fine), "an answer never opens it");
            }

            if (breaker.State == BreakerState.Open && turn == BreakerTurn.Opened)
            {
                openSince = now;
                startedSinceOpen = 0;
            }
        }
    }

    private void Start()
    {
        while (flying.Count < ceiling && breaker.TryPass(now))
        {
            startedSinceOpen++;
            var takes = mood switch
            {
                Mood.Hangs => Deadline,
                Mood.Gone or Mood.Unavailable => Tick,
                Mood.Well or Mood.Refuses => TimeSpan.FromMilliseconds(random.Next(10, 120)),
            };
            flying.Add((now + takes, mood, breaker.Era));
        }
    }

    private void Check()
    {
        var ofNow = flying.Count(delivery => delivery.Era == breaker.Era);
        Assert.That(ofNow, Is.LessThanOrEqualTo(breaker.Limit), $"{now}: no more in flight than {breaker.State} allows");
        if (mood == Mood.Gone && openSince > moodSince)
        {
            // One at the moment itself may have been the last of a ramp.
            var most = 1 + (int)((now - openSince) / BreakerOptions.ProbeInterval);
            Assert.That(startedSinceOpen, Is.LessThanOrEqualTo(most), $"{now}: only probes go to one that is not there");
        }

        if (mood == Mood.Well && now - moodSince > Deadline + (2 * BreakerOptions.ProbeInterval))
        {
            Assert.That(now - answeredAt, Is.LessThan(TimeSpan.FromSeconds(1)), $"{now}: one that is back is found");
        }
    }

    private static AppSign SignOf(Mood mood) => mood switch
    {
        Mood.Well or Mood.Refuses => AppSign.Fine,
        Mood.Gone => AppSign.Absent,
        Mood.Unavailable => AppSign.Unavailable,
        Mood.Hangs => AppSign.Trouble,
    };
}
