namespace Sidecar.LoadTest.Trouble;

/// <summary>What went on in one interval.</summary>
/// <param name="Second">Its end, since the timeline's beginning.</param>
/// <param name="Delivered">Different events that were taken in it.</param>
/// <param name="Peak">The most deliveries that the application had at a time.</param>
/// <param name="Limit">The agent's limit of deliveries in flight, at its end; 0: not asked.</param>
internal sealed record Moment(double Second, long Delivered, int Peak, double Limit);

/// <summary>Looks at an application, and at its agent's limit, at even intervals.</summary>
internal sealed class Timeline : IAsyncDisposable
{
    private readonly CancellationTokenSource end = new();
    private readonly List<Moment> moments = [];
    private readonly Lock gate = new();
    private readonly Task looking;

    /// <param name="app">Who is looked at.</param>
    /// <param name="interval">How often.</param>
    /// <param name="agent">Whose limit is asked for; null: nobody's.</param>
    public Timeline(TroubledApp app, TimeSpan interval, MetricsPage? agent = null) =>
        looking = LookAsync(app, interval, agent);

    /// <summary>What was seen so far.</summary>
    public IReadOnlyList<Moment> Moments
    {
        get
        {
            lock (gate) return [.. moments];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        await looking;
        end.Dispose();
    }

    private async Task LookAsync(TroubledApp app, TimeSpan interval, MetricsPage? agent)
    {
        var (begin, before) = (TimeProvider.System.GetTimestamp(), app.Tally.Table.Delivered);
        app.TakePeak();
        using var timer = new PeriodicTimer(interval, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(end.Token))
            {
                var limit = agent is null ? 0 : await agent.SumAsync("sidecar_inflight_limit") ?? 0;
                var delivered = app.Tally.Table.Delivered;
                var moment = new Moment(
                    TimeProvider.System.GetElapsedTime(begin).TotalSeconds, delivered - before, app.TakePeak(), limit);
                before = delivered;
                lock (gate) moments.Add(moment);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }
}
