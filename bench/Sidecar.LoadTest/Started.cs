using Sidecar.TestKit;
using Sidecar.TestKit.Processes;

namespace Sidecar.LoadTest;

/// <summary>A program under measurement from its start: live, ready, and what it has cost since it was live.</summary>
internal sealed class Started : IAsyncDisposable
{
    private const string AllocatedMetric = "gc_allocated_bytes_total";
    private static readonly TimeSpan LiveTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(2);

    private readonly string metricPrefix;
    private long cpuAtLive;

    private Started(ProgramProcess process, MetricsPage page, string metricPrefix)
    {
        Process = process;
        Page = page;
        this.metricPrefix = metricPrefix;
    }

    public ProgramProcess Process { get; }

    public MetricsPage Page { get; }

    /// <summary>From the start of the process until <c>/livez</c> answered.</summary>
    public TimeSpan StartToLive { get; private set; }

    /// <summary>Starts it; returns when it is live.</summary>
    /// <param name="program">Agent or relay.</param>
    /// <param name="arguments">Its command line, without the port.</param>
    /// <param name="environment">Its variables.</param>
    /// <param name="metricPrefix">What its metrics' names begin with.</param>
    public static async Task<Started> StartAsync(
        ProgramPath program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment,
            string metricPrefix)
    {
        var port = Ports.Free();
        var begin = TimeProvider.System.GetTimestamp();
        var process = ProgramProcess.Start(program, [.. arguments, "--metrics-port", $"{port}"], environment);
        var started = new Started(process, new MetricsPage(port), metricPrefix);
        while (!await started.Page.IsOkAsync("/livez"))
        {
            if (process.HasExited || TimeProvider.System.GetElapsedTime(begin) > LiveTimeout)
                throw new InvalidOperationException(
                    $"{program.File} was not live in time; its output:\n{process.Output}");
            await Task.Delay(LiveInterval, TimeProvider.System);
        }

        started.StartToLive = TimeProvider.System.GetElapsedTime(begin);
        started.cpuAtLive = started.Figures().CpuMicroseconds;
        return started;
    }

    public Task ReadyAsync() => Until.TrueAsync(() => Page.IsOkAsync("/readyz"), ReadyTimeout, "/readyz answers 200");

    public ProcessFigures Figures() => ProcessFigures.Read(Process.Id);

    /// <summary>Processor time since it was live, in microseconds.</summary>
    public long CpuSinceLive() => Figures().CpuMicroseconds - cpuAtLive;

    /// <summary>Bytes allocated since the start, where the program tells.</summary>
    public Task<double?> AllocatedAsync() => Page.SumAsync(metricPrefix + AllocatedMetric);

    public Task<int> StopAsync() => Process.StopAsync(StopTimeout);

    public async ValueTask DisposeAsync()
    {
        Page.Dispose();
        await Process.DisposeAsync();
    }
}
