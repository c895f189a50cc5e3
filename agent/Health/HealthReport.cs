using Prometheus;
using Sidecar.Agent.Admission;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Health;

/// <summary>
/// Brings what is known of an application's health to one subscription: stops and starts its deliveries, and says so in
/// the metrics and the waits. One thread at a time calls.
/// </summary>
internal sealed class HealthReport
{
    private readonly DepartureControl control;
    private readonly Waits waits;
    private readonly string app;
    private readonly Gauge.Child up;
    private readonly Gauge.Child healthy;
    private bool wasDown;

    public HealthReport(string subscription, DepartureControl control, AgentTelemetry telemetry)
    {
        this.control = control;
        waits = telemetry.Waits;
        app = $"app:{subscription}";
        up = telemetry.Metrics.AppUp.WithLabels(subscription);
        healthy = telemetry.Metrics.AppHealthy.WithLabels(subscription);
    }

    /// <summary>Takes what is known now.</summary>
    public void Apply(in HealthView view)
    {
        healthy.Set(view.IsUp == true ? 1 : 0);
        if (view.IsUp != true)
        {
            control.Raise(Bar.Unhealthy, view.Reason);
        }

        if (view.IsUp == false)
        {
            wasDown = true;
            up.Set(0);
            waits.For(app, view.Reason);
        }

        if (view.IsUp == true && control.Lift(Bar.Unhealthy, probeFirst: wasDown))
        {
            wasDown = false;
            up.Set(1);
            waits.Over(app);
        }
    }
}
