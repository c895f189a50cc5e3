using Grpc.Core;

namespace Sidecar.LoadTest.Trouble;

/// <summary>How fast the events go through that an application takes, and what became of the others.</summary>
/// <param name="EventsPerSecond">Events that were taken while the others were not.</param>
/// <param name="Tally">What was taken, in the end.</param>
/// <param name="Letters">Dead letters.</param>
/// <param name="Waiting">Events that waited in retry topics when the others had been taken.</param>
/// <param name="Opened">How often the breaker opened.</param>
internal sealed record Throughput(double EventsPerSecond, Tally Tally, double Letters, double Waiting, double Opened)
{
    private static readonly TimeSpan LettersTimeout = TimeSpan.FromMinutes(1);

    /// <summary>Drains a loaded topic.</summary>
    /// <param name="bed">Whose topic.</param>
    /// <param name="group">The group.</param>
    /// <param name="fields">Of the subscription.</param>
    /// <param name="events">Events in the topic.</param>
    /// <param name="fails">What an event is answered, until the others have been taken.</param>
    /// <param name="heals">Afterwards every event is taken, and waited for; otherwise their dead letters are.</param>
    public static async Task<Throughput> MeasureAsync(
        Bed bed, string group, string fields, int events, Func<int, StatusCode> fails, bool heals = false)
    {
        var taken = Enumerable.Range(0, events).Count(index => fails(index) == StatusCode.OK);
        var healed = false;
        await using var app = await bed.ListenAsync(
            events, index => ValueTask.FromResult<StatusCode?>(Volatile.Read(ref healed) ? StatusCode.OK : fails(index)));
        await using var agent = await bed.StartAgentAsync(group, fields);
        await Bed.UntilAsync(() => app.Tally.Table.Delivered >= taken, app, agent);
        var seconds = app.Tally.Elapsed.TotalSeconds;
        var waiting = await agent.Page.SumAsync("sidecar_retry_waiting_events") ?? 0;
        var opened = await agent.Page.SumAsync("sidecar_breaker_opened_total") ?? 0;
        Volatile.Write(ref healed, heals);
        if (heals) await Bed.UntilAsync(() => app.Tally.IsComplete, app, agent);
        var letters = await LettersAsync(agent, heals ? 0 : events - taken);
        await agent.StopAsync();
        return new Throughput(taken / seconds, app.Tally, letters, waiting, opened);
    }

    private static async Task<double> LettersAsync(Started agent, int expected)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var written = await agent.Page.SumAsync("sidecar_dead_letters_total") ?? 0;
            if (written >= expected || TimeProvider.System.GetElapsedTime(since) > LettersTimeout) return written;
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }
    }
}
