using System.Text;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Commands;

/// <summary>A time as operators write it: RFC 3339, or how long ago.</summary>
internal static class PointInTime
{
    private static readonly ValueFormat<TimeSpan> Ago = ScalarFormats.Duration(TimeSpan.Zero, TimeSpan.FromDays(3650));

    /// <summary>
    /// Reads <c>2026-05-04T03:02:01Z</c>, or <c>90m</c>, <c>48h</c> before now. Nothing is older than the epoch: to Kafka a time
    /// below it would name the end of a partition.
    /// </summary>
    public static bool TryParse(string text, TimeProvider time, out long unixMs)
    {
        if (Instant.TryParse(Encoding.UTF8.GetBytes(text), out var instant))
        {
            unixMs = Math.Max(0, (instant.Seconds * 1000) + (instant.Nanos / 1_000_000));
            return true;
        }

        var ago = Ago.Read(SettingValue.Of(text));
        unixMs = time.GetUtcNow().ToUnixTimeMilliseconds() - (long)ago.Value.TotalMilliseconds;
        return ago.Problem is null;
    }
}
