using Sidecar.Agent.Admission;

namespace Sidecar.Agent.Tests.Admission;

public sealed class ConcurrencyLimitTests
{
    private static readonly TimeSpan Fast = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    /// <summary>Each seed is another run; a failing one is printed.</summary>
    [Test]
    public void It_follows_work_that_becomes_fifty_times_slower_and_back([Values(64, 256)] int ceiling, [Values(0, 1)] double spread)
    {
        // Where work differs from one event to the next, one run says little: then the mean is held, and no run is far off.
        var least = spread == 0 ? 0.9 : 0.8;
        var shares = new List<double>();
        for (var seed = 1; seed <= 5; seed++)
        {
            var app = new ModelApp(seed, ceiling, spread, isFixed: false);
            var best = new ModelApp(seed, ModelApp.Workers + 4, spread, isFixed: true);
            foreach (var (service, name) in new[] { (Fast, "2 ms"), (Slow, "100 ms"), (Fast, "2 ms again") })
            {
                var (done, queue) = app.Work(service, Phase, Settling);
                var (most, _) = best.Work(service, Phase, Settling);
                var share = (double)done / most;
                TestContext.Out.WriteLine($"seed {seed}, {name}: {share:P1} of the best fixed limit, {queue:0} in the queue");
                shares.Add(share);
                Assert.That(share, Is.GreaterThanOrEqualTo(least), $"seed {seed}, {name}");
                Assert.That(queue, Is.LessThan(2 * ModelApp.Workers), $"seed {seed}, {name}: the queue is short");
            }
        }

        Assert.That(shares.Average(), Is.GreaterThanOrEqualTo(0.9));
    }

    [Test]
    public void The_curve_is_shown()
    {
        var app = new ModelApp(1, 64, spread: 0, isFixed: false);
        foreach (var service in new[] { Fast, Slow, Fast })
        {
            app.Work(service, Phase, Settling);
        }

        TestContext.Out.WriteLine("seconds: limit, queue");
        foreach (var (at, limit, queue) in app.Curve.Where((point, i) => point.At.TotalSeconds % 30 < 5 || i % 20 == 0))
        {
            TestContext.Out.WriteLine($"{at.TotalSeconds,6:0.00}: {limit,3} {queue,3}");
        }

        Assert.That(app.Curve.Select(point => point.Limit), Is.All.InRange(4, 64));
    }

    [Test]
    public void A_limit_that_is_not_used_stays()
    {
        var limit = new ConcurrencyLimit(4, 64);
        Feed(limit, AppSign.Fine, 2000, inFlight: 3, TimeSpan.FromMilliseconds(7));
        Assert.That(limit.Current, Is.EqualTo(64));
    }

    [Test]
    public void One_that_is_fixed_never_moves()
    {
        var limit = new ConcurrencyLimit(20, 20);
        Feed(limit, AppSign.Trouble, 2000, inFlight: 20, TimeSpan.FromSeconds(1));
        Assert.That(limit.Current, Is.EqualTo(20));
    }

    [Test]
    public void Calls_in_trouble_lower_it_to_its_floor_and_not_below()
    {
        var limit = new ConcurrencyLimit(4, 64);
        Feed(limit, AppSign.Trouble, 5000, inFlight: 64, TimeSpan.FromSeconds(1));
        Assert.That(limit.Current, Is.EqualTo(4));
    }

    [Test]
    public void A_few_hanging_calls_among_many_do_not_lower_it()
    {
        var limit = new ConcurrencyLimit(4, 64);
        for (var i = 0; i < 100; i++)
        {
            Feed(limit, AppSign.Fine, 19, inFlight: 30, Fast, from: i * 20);
            Feed(limit, AppSign.Trouble, 1, inFlight: 30, Fast, from: (i * 20) + 19);
        }

        Assert.That(limit.Current, Is.EqualTo(64));
    }

    private static void Feed(ConcurrencyLimit limit, AppSign sign, int count, int inFlight, TimeSpan takes, int from = 0)
    {
        for (var i = from; i < from + count; i++)
        {
            var now = TimeSpan.FromMilliseconds(10 * (i + 1)) + takes;
            limit.Departed(inFlight);
            limit.Observe(sign, now - takes, now);
        }
    }
}
