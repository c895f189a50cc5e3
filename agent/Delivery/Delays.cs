using System.Buffers;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace Sidecar.Agent.Delivery;

/// <summary>The delays that an application may ask for, brought within limits: never negative, never absurd.</summary>
internal static class Delays
{
    /// <summary>The longest delay that is taken over; the subscription's own limits come on top.</summary>
    internal static readonly TimeSpan Max = TimeSpan.FromHours(24);

    private static readonly SearchValues<char> Number = SearchValues.Create("0123456789.");

    internal static TimeSpan Of(Duration duration) => OfSeconds(duration.Seconds + (duration.Nanos / 1e9));

    internal static TimeSpan OfMilliseconds(double milliseconds) => OfSeconds(milliseconds / 1000);

    /// <summary>
    /// Reads <c>sidecar-retry-after</c>: plain milliseconds (<c>1500</c>), or a duration with units as Go writes it
    /// (<c>250ms</c>, <c>1.5s</c>, <c>1m30s</c>, <c>2h</c>). Null where it is neither: then our own schedule holds.
    /// </summary>
    internal static TimeSpan? Parse(string text)
    {
        var rest = text.AsSpan().Trim();
        if (double.TryParse(rest, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var milliseconds))
        {
            return OfMilliseconds(milliseconds);
        }

        var negative = rest.StartsWith("-");
        rest = rest.TrimStart('-');
        var seconds = 0.0;
        if (rest.IsEmpty)
        {
            return null;
        }

        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(Number);
            if (digits < 1 || !double.TryParse(
                rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            {
                return null;
            }

            rest = rest[digits..];
            var length = rest.IndexOfAny(Number);
            var unit = SecondsOf(length < 0 ? rest : rest[..length]);
            if (unit == 0)
            {
                return null;
            }

            seconds += count * unit;
            rest = length < 0 ? [] : rest[length..];
        }

        return OfSeconds(negative ? -seconds : seconds);
    }

    private static double SecondsOf(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 1e-9,
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };

    private static TimeSpan OfSeconds(double seconds) => seconds switch
    {
        > 0 when seconds < Max.TotalSeconds => TimeSpan.FromSeconds(seconds),
        > 0 => Max,
        _ => TimeSpan.Zero,
    };
}
