using Sidecar.Agent.Admission;

namespace Sidecar.Agent.Tests.Admission;

public sealed class CircuitBreakerTests
{
    private const int Seeds = 200;
    private const int Ceiling = 64;
    private static readonly BreakerOptions Options = BreakerOptions.For(TimeSpan.FromSeconds(30), Ceiling);
    private static readonly Mood[] All = Enum.GetValues<Mood>();

    [Test]
    public void Its_promises_hold_whatever_the_application_does()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            Simulate(seed, heedsEras: true);
        }
    }

    [Test]
    public void The_simulation_finds_a_breaker_that_takes_late_answers_for_news()
    {
        var found = Enumerable.Range(1, Seeds).Count(seed =>
        {
            using (new NUnit.Framework.Internal.TestExecutionContext.IsolatedContext())
            {
                try
                {
                    Simulate(seed, heedsEras: false);
                    return false;
                }
                catch (InvalidOperationException)
                {
                    return true;
                }
            }
        });
        Assert.That(found, Is.GreaterThan(0), "the planted bug shows");
    }

    [Test]
    public void Refusals_never_open_it()
    {
        var simulation = new BreakerSimulation(7, Ceiling);
        simulation.Run(30, Mood.Well, Mood.Refuses);
        Assert.That(simulation.Opened, Is.Zero);
    }

    [Test]
    public void Half_of_the_calls_in_trouble_open_it_and_fewer_do_not()
    {
        Assert.That(After(Few(AppSign.Trouble, 4), Few(AppSign.Fine, 5)).State, Is.EqualTo(BreakerState.Closed));
        Assert.That(After(Few(AppSign.Fine, 5), Few(AppSign.Trouble, 4)).State, Is.EqualTo(BreakerState.Closed));
        var open = After(Few(AppSign.Fine, 5), Few(AppSign.Trouble, 5));
        Assert.That((open.State, open.Cause), Is.EqualTo((BreakerState.Open, OpenCause.Trouble)));
    }

    [Test]
    public void Trouble_is_forgotten_when_its_window_has_passed()
    {
        var breaker = After(Few(AppSign.Trouble, 9));
        breaker.TryPass(Options.Window * 2);
        breaker.Observe(AppSign.Trouble, breaker.Era, Options.Window * 2);
        Assert.That(breaker.State, Is.EqualTo(BreakerState.Closed));
    }

    [Test]
    public void An_application_that_says_unavailable_some_times_in_a_row_opens_it()
    {
        var mixed = Enumerable.Repeat<AppSign[]>([.. Few(AppSign.Unavailable, 4), .. Few(AppSign.Fine, 9)], 10);
        Assert.That(After([.. mixed]).State, Is.EqualTo(BreakerState.Closed));
        Assert.That(After(Few(AppSign.Unavailable, 5)).Cause, Is.EqualTo(OpenCause.Unavailable));
    }

    [Test]
    public void It_closes_along_named_steps_and_shows_the_curve()
    {
        var simulation = new BreakerSimulation(1, Ceiling);
        simulation.Feel(Mood.Gone, TimeSpan.FromSeconds(3));
        simulation.Curve.Clear();
        simulation.Feel(Mood.Well, TimeSpan.FromSeconds(4));
        var curve = simulation.Curve.SkipWhile(point => point.Flying == 0).ToList();
        TestContext.Out.WriteLine("ms after the first delivery: in flight");
        foreach (var (at, flying) in curve.Where((_, i) => i % 5 == 0).Take(24))
        {
            TestContext.Out.WriteLine($"{(at - curve[0].At).TotalMilliseconds,6:0}: {flying}");
        }

        var steps = curve.Select(point => point.Flying).Distinct().Max();
        Assert.That(curve[0].Flying, Is.EqualTo(1), "the probe is alone");
        Assert.That(steps, Is.EqualTo(Ceiling), "all of them in the end");
        Assert.That(curve.Zip(curve.Skip(1)).All(pair => pair.Second.Flying <= Math.Max(2, pair.First.Flying * 4)), Is.True);
    }

    private static void Simulate(int seed, bool heedsEras)
    {
        try
        {
            new BreakerSimulation(seed, 1 + (seed % Ceiling), heedsEras).Run(12, All);
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"seed {seed}: {error.Message}", error);
        }
    }

    private static AppSign[] Few(AppSign sign, int count) => [.. Enumerable.Repeat(sign, count)];

    private static CircuitBreaker After(params AppSign[][] signs)
    {
        var breaker = new CircuitBreaker(Options);
        foreach (var sign in signs.SelectMany(one => one))
        {
            Assert.That(breaker.TryPass(TimeSpan.Zero), Is.True);
            breaker.Observe(sign, breaker.Era, TimeSpan.Zero);
        }

        return breaker;
    }
}
