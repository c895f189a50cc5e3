using System.Globalization;
using System.Text;
using Grpc.Core;

namespace Sidecar.LoadTest.Trouble;

/// <summary>
/// An application of 16 workers with a queue before them, whose work becomes fifty times longer and then short again: what
/// the adaptive limit makes of it, beside fixed limits on the same events.
/// </summary>
internal static class WorkersPart
{
    private const int Workers = 16;
    private const int Events = 200_000;
    private const string Adaptive = "1..128";
    private static readonly string[] Limits = ["16..16", "24..24", "32..32", "64..64", Adaptive];
    private static readonly TimeSpan Fast = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly (string Name, TimeSpan Work, double Seconds)[] Phases =
        [("2 ms", Fast, 10), ("100 ms", Slow, 18), ("2 ms again", Fast, 12)];

    // The first seconds of a phase are shown apart: the limit follows in them.
    private const double FollowSeconds = 5;

    public static async Task<Section> RunAsync(Bed bed)
    {
        bed.Load(0, Events);
        var runs = new List<Run>();
        foreach (var limit in Limits)
        {
            Console.Error.WriteLine($"loadtest: workers, concurrency={limit}");
            runs.Add(await RunAsync(bed, limit));
        }

        var (adaptive, others) = (runs[^1], runs[..^1]);
        var figures = new List<Figure>();
        for (var phase = 0; phase < Phases.Length; phase++)
        {
            var best = others.MaxBy(run => run.Goodput(phase, FollowSeconds))!;
            figures.Add(new($"{Phases[phase].Name}: goodput of the adaptive limit, by the best fixed one's ({best.Limit})",
                Percent(adaptive.Goodput(phase, FollowSeconds) / best.Goodput(phase, FollowSeconds)), ">= 90 %"));
            figures.Add(new($"{Phases[phase].Name}: the same with its first {FollowSeconds:N0} s",
                Percent(adaptive.Goodput(phase, 0) / others.Max(run => run.Goodput(phase, 0)))));
            figures.Add(new($"{Phases[phase].Name}: waiting in the application, on average; at most",
                $"{Figure.Number(adaptive.Queue(phase).Average())}; {adaptive.Queue(phase).Max():N0}"));
        }

        return new Section($"{Workers} workers and a queue; concurrency={Adaptive} beside fixed limits", figures, adaptive.App.Tally.Table)
        {
            Notes = Table(runs) + "\n" + Curve(adaptive),
        };
    }

    private static async Task<Run> RunAsync(Bed bed, string limit)
    {
        using var workers = new SemaphoreSlim(Workers);
        var work = Phases[0].Work;
        var app = await bed.ListenAsync(Events, async _ =>
        {
            await workers.WaitAsync();
            if (work > TimeSpan.Zero) await Task.Delay(work, TimeProvider.System);
            workers.Release();
            return StatusCode.OK;
        });
        await using var agent = await bed.StartAgentAsync($"w{limit.Replace("..", "-", StringComparison.Ordinal)}", $"concurrency={limit}");
        await Bed.UntilAsync(() => app.Tally.Table.Delivered > 0, app, agent);
        var moments = new List<IReadOnlyList<Moment>>();
        foreach (var phase in Phases)
        {
            work = phase.Work;
            await using var timeline = new Timeline(app, Interval, agent.Page);
            await Task.Delay(TimeSpan.FromSeconds(phase.Seconds), TimeProvider.System);
            moments.Add(timeline.Moments);
        }

        // What is left goes through without work, so that the account is whole.
        work = TimeSpan.Zero;
        await Bed.UntilAsync(() => app.Tally.IsComplete, app, agent);
        await agent.StopAsync();
        await app.GoAsync();
        return new Run(limit, app, moments);
    }

    private static string Table(IEnumerable<Run> runs)
    {
        var text = new StringBuilder()
            .AppendLine($"Events a second after the first {FollowSeconds:N0} s of a phase, and in brackets the most that waited in the "
                + "application:").AppendLine()
            .AppendLine("| concurrency | " + string.Join(" | ", Phases.Select(phase => phase.Name))
                + " | missing | duplicate | out of order |")
            .AppendLine("|---|---|---|---|---|---|---|");
        foreach (var run in runs)
        {
            var table = run.App.Tally.Table;
            var cells = Phases.Select((_, phase) => $"{run.Goodput(phase, FollowSeconds):N0} ({run.Queue(phase).Max():N0})");
            text.AppendLine($"| {run.Limit} | {string.Join(" | ", cells)} "
                + $"| {table.Missing:N0} | {table.Duplicates:N0} | {table.OutOfOrder:N0} |");
        }

        return text.ToString();
    }

    private static string Curve(Run run)
    {
        var text = new StringBuilder().AppendLine("The adaptive limit:").AppendLine()
            .AppendLine("| phase | second | limit | in the application at a time, at most | events a second |")
            .AppendLine("|---|---|---|---|---|");
        for (var phase = 0; phase < Phases.Length; phase++)
        {
            foreach (var moment in run.Moments[phase].Where((_, i) => i % 2 == 1))
            {
                text.AppendLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {Phases[phase].Name} | {moment.Second:F0} | {moment.Limit:F0} | {moment.Peak} "
                    + $"| {moment.Delivered / Interval.TotalSeconds:F0} |"));
            }
        }

        return text.ToString().TrimEnd();
    }

    private static string Percent(double share) => $"{Figure.Number(share * 100)} %";

    private sealed record Run(string Limit, TroubledApp App, IReadOnlyList<IReadOnlyList<Moment>> Moments)
    {
        /// <summary>Events a second of a phase after so many seconds.</summary>
        public double Goodput(int phase, double after)
        {
            var counted = Moments[phase].Where(moment => moment.Second > after + 0.25).ToList();
            return counted.Sum(moment => moment.Delivered) / (counted.Count * Interval.TotalSeconds);
        }

        /// <summary>What waited for a worker at the most in each interval, after the limit had time to follow.</summary>
        public IEnumerable<int> Queue(int phase) => Moments[phase].Where(moment => moment.Second > FollowSeconds)
            .Select(moment => Math.Max(0, moment.Peak - Workers));
    }
}
