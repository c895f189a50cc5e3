using System.Text;
using Grpc.Core;

namespace Sidecar.LoadTest.Trouble;

/// <summary>The application is away for minutes while events pile up; then it comes back.</summary>
internal static class OutagePart
{
    private const int Concurrency = 64;
    private const int Warm = 1_000;
    private const int CurveMoments = 30;
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly string[] Attempts = ["ack", "error", "reject", "retry", "timeout", "unavailable"];

    public static async Task<Section> RunAsync(TroubleOptions options, Bed bed)
    {
        await using var app = await bed.ListenAsync(Warm + options.OutageEvents, WorkAsync);
        await using var agent = await bed.StartAgentAsync("outage", $"concurrency={Concurrency}; on-exhausted=dead-letter");
        bed.Load(0, Warm);
        await Bed.UntilAsync(() => app.Tally.Table.Delivered == Warm, app, agent);

        await app.GoAsync();
        bed.Load(Warm, options.OutageEvents);
        await Task.Delay(Settle, TimeProvider.System);
        var (cpu, spent, unsent) = (agent.CpuSinceLive(), await SpentAsync(agent), await OfAsync(agent, "unsent"));
        await Task.Delay(TimeSpan.FromSeconds(options.OutageSeconds), TimeProvider.System);
        (cpu, spent, unsent) = (agent.CpuSinceLive() - cpu, await SpentAsync(agent) - spent, await OfAsync(agent, "unsent") - unsent);
        var resident = agent.Figures().ResidentBytes;

        await app.ComeAsync();
        var back = TimeProvider.System.GetTimestamp();
        await using var timeline = new Timeline(app, Interval);
        await Bed.UntilAsync(() => app.Tally.Table.Delivered > Warm, app, agent);
        var first = TimeProvider.System.GetElapsedTime(back);
        await Bed.UntilAsync(() => app.Tally.IsComplete, app, agent);
        var all = TimeProvider.System.GetElapsedTime(back);
        var letters = await agent.Page.SumAsync("sidecar_dead_letters_total") ?? 0;
        await agent.StopAsync();
        var moments = timeline.Moments;
        return new Section(
            $"Away for {options.OutageSeconds:N0} s, {options.OutageEvents:N0} events waiting, work of {Work.TotalMilliseconds:N0} ms", [
                new("attempts spent while it was away", $"{spent:N0}", "0"),
                new("attempts that found nobody there (they do not count)", $"{unsent:N0}"),
                new("dead letters", $"{letters:N0}", "0"),
                new("agent: % of a core while it was away", $"{Figure.Number(cpu / 10_000.0 / options.OutageSeconds, 2)} %", "< 1 %"),
                new("agent: RSS while it was away", Figure.Megabytes(resident)),
                new("first delivery after it listens again", $"{first.TotalMilliseconds:N0} ms", "< 1,000 ms"),
                new("all delivered after", $"{all.TotalSeconds:N1} s"),
                new("deliveries in the application at a time, at most", $"{moments.Max(moment => moment.Peak):N0}", $"<= {Concurrency}"),
            ], app.Tally.Table) { Notes = Curve(moments) };
    }

    private static async ValueTask<StatusCode?> WorkAsync(int index)
    {
        await Task.Delay(Work, TimeProvider.System);
        return StatusCode.OK;
    }

    private static async Task<double> SpentAsync(Started agent)
    {
        var sum = 0.0;
        foreach (var outcome in Attempts) sum += await OfAsync(agent, outcome);
        return sum;
    }

    private static async Task<double> OfAsync(Started agent, string outcome) =>
        await agent.Page.SumAsync("sidecar_deliveries_total", $"outcome=\"{outcome}\"") ?? 0;

    private static string Curve(IReadOnlyList<Moment> moments)
    {
        var text = new StringBuilder().AppendLine("The way back:").AppendLine()
            .AppendLine("| ms after it listens | events in this interval | in the application at a time, at most |")
            .AppendLine("|---|---|---|");
        foreach (var moment in moments.Take(CurveMoments))
            text.AppendLine($"| {moment.Second * 1_000:N0} | {moment.Delivered:N0} | {moment.Peak:N0} |");
        return text.ToString().TrimEnd();
    }
}
