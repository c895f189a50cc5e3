using Grpc.Core;

namespace Sidecar.LoadTest.Trouble;

/// <summary>How fast events of one kind go through, first while all is well and then while others fail.</summary>
/// <param name="EventsPerSecond">Of all events that end, delivered or not.</param>
/// <param name="App">Who took them.</param>
/// <param name="Letters">Dead letters.</param>
/// <param name="Opened">How often the breaker opened.</param>
internal sealed record Throughput(double EventsPerSecond, TroubledApp App, double Letters, double Opened)
{
    /// <summary>Drains a loaded topic; until so many events were taken.</summary>
    /// <param name="bed">Whose topic.</param>
    /// <param name="name">The group.</param>
    /// <param name="fields">Of the subscription.</param>
    /// <param name="events">Events in the topic.</param>
    /// <param name="fails">What an event is answered, if not OK.</param>
    /// <param name="letters">Dead letters that are waited for, after what is timed.</param>
    public static async Task<Throughput> MeasureAsync(
        Bed bed, string name, string fields, int events, Func<int, StatusCode> fails, int letters)
    {
        var taken = Enumerable.Range(0, events).Count(index => fails(index) == StatusCode.OK);
        await using var app = await bed.ListenAsync(events, index => ValueTask.FromResult<StatusCode?>(fails(index)));
        await using var agent = await bed.StartAgentAsync(name, fields);
        await Bed.UntilAsync(() => app.Tally.Table.Delivered >= taken, app, agent);
        var seconds = app.Tally.Elapsed.TotalSeconds;
        var since = TimeProvider.System.GetTimestamp();
        var written = 0.0;
        while (written < letters && TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromMinutes(3))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
            written = await agent.Page.SumAsync("sidecar_dead_letters_total") ?? 0;
        }

        var opened = await agent.Page.SumAsync("sidecar_breaker_opened_total") ?? 0;
        await agent.StopAsync();
        return new Throughput(taken / seconds, app, written, opened);
    }
}
