using Microsoft.Extensions.Logging;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Health;

/// <summary>
/// Watches the health of one application for as long as the agent runs, its drain included, and brings it to every
/// subscription that delivers there. One loop; any thread may read <see cref="View"/>.
/// </summary>
internal sealed class AppHealth : IDisposable
{
    private readonly Lock guard = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly HealthTarget target;
    private readonly HealthProbe probe;
    private readonly HealthState state;
    private readonly List<HealthReport> reports = [];
    private readonly Lock telling = new();
    private readonly ILogger<AppHealth> logger;
    private readonly TimeProvider time;

    public AppHealth(HealthTarget target, AgentTelemetry telemetry)
    {
        this.target = target;
        time = telemetry.Time;
        logger = telemetry.Log<AppHealth>();
        probe = new HealthProbe(target, time);
        state = new HealthState(target, Now);
    }

    /// <summary>Ends after <see cref="StopAsync"/>, or with a bug.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>What is known now. Its time is that since the start of the machine, as everywhere in the agent.</summary>
    public HealthView View
    {
        get
        {
            lock (guard)
            {
                return state.View;
            }
        }
    }

    private TimeSpan Now => time.GetElapsedTime(0);

    /// <summary>A subscription that delivers there: it delivers nothing until the application is well.</summary>
    public void Add(HealthReport report)
    {
        lock (telling)
        {
            reports.Add(report);
            report.Apply(View);
        }
    }

    /// <summary>A subscription that delivers there no more is told nothing. False: nobody is left.</summary>
    public bool Remove(HealthReport report)
    {
        lock (telling)
        {
            reports.Remove(report);
            return reports.Count > 0;
        }
    }

    /// <summary>Starts the loop, once.</summary>
    public void Start() => Completion = RunAsync();

    /// <summary>Ends the loop.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await Completion;
    }

    public void Dispose()
    {
        probe.Dispose();
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            var look = state.Way switch
            {
                HealthWay.Watch => await probe.WatchAsync(Take, stopping.Token),
                HealthWay.Check => await probe.CheckAsync(stopping.Token),
                HealthWay.Connect => await probe.ConnectAsync(stopping.Token),
            };
            if (stopping.IsCancellationRequested)
            {
                return;
            }

            Take(look);
            await PauseAsync(state.NextAt - Now);
        }
    }

    private async Task PauseAsync(TimeSpan pause)
    {
        if (pause <= TimeSpan.Zero)
        {
            return;
        }

        try
        {
            await Task.Delay(pause, time, stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // The agent stops.
        }
    }

    private void Take(HealthLook look)
    {
        var (before, way) = (View, state.Way);
        lock (guard)
        {
            state.Observe(look.Sign, look.Detail, Now);
        }

        if (state.Way > way)
        {
            Log.FallsBack(logger, target.Address, state.Way, look.Detail);
        }

        if (View != before)
        {
            lock (telling)
            {
                reports.ForEach(report => report.Apply(View));
            }
        }
    }
}
