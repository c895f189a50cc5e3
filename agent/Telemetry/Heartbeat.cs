using Prometheus;

namespace Sidecar.Agent.Telemetry;

/// <summary>Whether a loop still turns. One thread beats, any may ask.</summary>
public sealed class Heartbeat(Gauge.Child gauge, TimeProvider time)
{
    /// <summary>A loop that has not turned for this long is stuck for good: `/livez` fails, and the process is restarted.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private long last = time.GetTimestamp();

    /// <summary>The loop has turned within the limit.</summary>
    public bool IsAlive => time.GetElapsedTime(Volatile.Read(ref last)) < Limit;

    /// <summary>The loop turns.</summary>
    public void Beat()
    {
        Volatile.Write(ref last, time.GetTimestamp());
        gauge.Set(time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
    }
}
