using Sidecar.Agent.Admission;

namespace Sidecar.Agent.Tests.Admission;

/// <summary>
/// An application of 16 workers and a queue, which always has more to do than it is let: as many deliveries as the limit
/// allows are in it at any time. Runs on a clock of its own.
/// </summary>
/// <param name="seed">The times that its work takes.</param>
/// <param name="ceiling">The limit's ceiling, or the limit itself.</param>
/// <param name="spread">How work takes its time: 0 always the same, 1 exponential.</param>
/// <param name="isFixed">The limit does not follow.</param>
internal sealed class ModelApp(int seed, int ceiling, double spread, bool isFixed)
{
    public const int Workers = 16;

    private readonly Random random = new(seed);
    private readonly PriorityQueue<TimeSpan, TimeSpan> working = new();
    private readonly Queue<TimeSpan> queue = new();
    private readonly ConcurrencyLimit limit = new(isFixed ? ceiling : 4, ceiling);
    private TimeSpan now;
    private int inFlight;

    /// <summary>Limit and queue, about four times a second.</summary>
    public List<(TimeSpan At, int Limit, int Queue)> Curve { get; } = [];

    /// <summary>Works for a time at this speed. Returns what was done after the first part of it, and how long its queue was.</summary>
    public (int Done, double Queue) Work(TimeSpan service, TimeSpan time, TimeSpan after)
    {
        var (begun, until, done) = (now, now + time, 0);
        Fill(service);
        while (working.TryPeek(out _, out var ends) && ends <= until)
        {
            var since = working.Dequeue();
            now = ends;
            inFlight--;
            limit.Observe(AppSign.Fine, since, now);
            done += now - begun > after ? 1 : 0;
            Fill(service);
            if (Curve.Count == 0 || now - Curve[^1].At > TimeSpan.FromSeconds(0.25))
            {
                Curve.Add((now, limit.Current, queue.Count));
            }
        }

        return (done, Curve.Where(point => point.At > begun + after).Average(point => point.Queue));
    }

    private void Fill(TimeSpan service)
    {
        while (inFlight < limit.Current)
        {
            limit.Departed(++inFlight);
            queue.Enqueue(now);
        }

        while (working.Count < Workers && queue.TryDequeue(out var since))
        {
            var drawn = -Math.Log(1 - random.NextDouble());
            working.Enqueue(since, now + (service * (1 - spread + (spread * drawn))));
        }
    }
}
