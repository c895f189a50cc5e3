using Prometheus;

namespace Sidecar.Agent.Telemetry;

/// <summary>What became of the last edit of the configuration.</summary>
public sealed class ConfigurationMetrics
{
    private readonly Gauge isGood;
    private readonly Gauge goodAt;
    private readonly Gauge needsRestart;

    internal ConfigurationMetrics(MetricFactory factory)
    {
        isGood = factory.CreateGauge(
            "sidecar_config_last_reload_successful", "1 while what is written is in force, 0 while the last good one is instead.");
        goodAt = factory.CreateGauge(
            "sidecar_config_last_reload_success_timestamp_seconds", "Unix time at which the configuration in force was taken over.");
        needsRestart = factory.CreateGauge(
            "sidecar_config_restart_needed", "Settings that were edited and will be in force after a restart.");
    }

    /// <summary>What is written is in force, but for some settings that need a restart.</summary>
    public void Good(DateTimeOffset now, int waitForRestart)
    {
        isGood.Set(1);
        goodAt.Set(now.ToUnixTimeMilliseconds() / 1000.0);
        needsRestart.Set(waitForRestart);
    }

    /// <summary>What is written is wrong, and not in force.</summary>
    public void Bad() => isGood.Set(0);
}
