using Microsoft.Extensions.Logging;
using Prometheus;
using Sidecar.Agent.Admission;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Operating;

/// <summary>Who paused a subscription, why, and since when.</summary>
/// <param name="Who">As they called themselves.</param>
/// <param name="Why">In their words; may be empty.</param>
/// <param name="Since">When.</param>
public sealed record Pause(string Who, string Why, DateTimeOffset Since);

/// <summary>
/// Pauses one subscription: nothing of it departs, what is in flight may end, its partitions stay. A setting and a person
/// may each do it, and each lifts its own. Any thread may call.
/// </summary>
public sealed class PauseSwitch
{
    /// <summary>Who a pause by the configuration is said to be from.</summary>
    public const string Setting = "setting";

    private readonly Lock guard = new();
    private readonly string subscription;
    private readonly DepartureControl control;
    private readonly AgentTelemetry telemetry;
    private readonly ILogger<PauseSwitch> logger;
    private readonly Gauge.Child gauge;
    private Pause? configured;
    private Pause? commanded;

    internal PauseSwitch(string subscription, DepartureControl control, AgentTelemetry telemetry)
    {
        this.subscription = subscription;
        this.control = control;
        this.telemetry = telemetry;
        logger = telemetry.Log<PauseSwitch>();
        gauge = telemetry.Metrics.Paused.WithLabels(subscription);
    }

    /// <summary>The pause by the configuration; null: it says none.</summary>
    public Pause? Configured
    {
        get
        {
            lock (guard)
            {
                return configured;
            }
        }
    }

    /// <summary>The pause by a person; null: there is none.</summary>
    public Pause? Commanded
    {
        get
        {
            lock (guard)
            {
                return commanded;
            }
        }
    }

    /// <summary>Follows the configuration: paused for this reason (which may be empty), or, with null, not.</summary>
    public void Configure(string? why)
    {
        lock (guard)
        {
            configured = why is null ? null : new Pause(Setting, why, configured?.Since ?? telemetry.Time.GetUtcNow());
            Follow_NeedsLock(Bar.Configured, configured);
        }
    }

    /// <summary>A person pauses it; again: with the new reason.</summary>
    public Pause Halt(string who, string why)
    {
        lock (guard)
        {
            commanded = new Pause(who, why, telemetry.Time.GetUtcNow());
            Log.Paused(logger, subscription, who, why);
            Follow_NeedsLock(Bar.Commanded, commanded);
            return commanded;
        }
    }

    /// <summary>A person ends the pause of a person. False: there was none.</summary>
    public bool Resume(string who)
    {
        lock (guard)
        {
            if (commanded is null)
            {
                return false;
            }

            commanded = null;
            Log.Resumed(logger, subscription, who);
            Follow_NeedsLock(Bar.Commanded, null);
            return true;
        }
    }

    private void Follow_NeedsLock(Bar bar, Pause? pause)
    {
        if (pause is null)
        {
            control.Lift(bar, probeFirst: false);
        }
        else
        {
            control.Raise(bar, Text(pause));
        }

        var wait = $"paused:{subscription}";
        gauge.Set(configured is null && commanded is null ? 0 : 1);
        if ((commanded ?? configured) is { } holds)
        {
            telemetry.Waits.For(wait, Text(holds));
        }
        else
        {
            telemetry.Waits.Over(wait);
        }
    }

    private static string Text(Pause pause) =>
        $"paused by {pause.Who} since {pause.Since:yyyy-MM-ddTHH:mm:ssZ}{(pause.Why.Length == 0 ? "" : $": {pause.Why}")}";
}
