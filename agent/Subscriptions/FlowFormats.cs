using System.Globalization;
using Sidecar.Agent.Dispatch;

namespace Sidecar.Agent.Subscriptions;

/// <summary>How the limits of what is in flight are written.</summary>
internal static class FlowFormats
{
    private const string Off = "off";

    /// <summary>The most, or the least and the most with two dots between them; both the same: fixed.</summary>
    public static ValueFormat<(int Floor, int Ceiling)> Concurrency(int max)
    {
        var limits = string.Create(CultureInfo.InvariantCulture, $"1 to {max}, or min..max");
        var number = ScalarFormats.Integer(1, max);
        return ValueFormat<(int Floor, int Ceiling)>.OfText(
            limits,
            text =>
            {
                var dots = text.IndexOf("..", StringComparison.Ordinal);
                var most = number.Read(SettingValue.Of(dots < 0 ? text : text[(dots + 2)..].Trim()));
                var least = dots < 0
                    ? new Parsed<int>(Math.Min(DispatchOptions.DefaultFloor, most.Value), null)
                    : number.Read(SettingValue.Of(text[..dots].Trim()));
                return (least.Problem ?? most.Problem) is null && least.Value > most.Value
                    ? Parsed<(int, int)>.Wrong("the least, which stands first, is more than the most", "Turn them round, as in 4..64")
                    : new Parsed<(int, int)>((least.Value, most.Value), least.Problem ?? most.Problem);
            },
            value => value.Floor == Math.Min(DispatchOptions.DefaultFloor, value.Ceiling)
                ? value.Ceiling.ToString(CultureInfo.InvariantCulture)
                : string.Create(CultureInfo.InvariantCulture, $"{value.Floor}..{value.Ceiling}"));
    }

    /// <summary>A whole number, or <c>off</c>, which is 0.</summary>
    public static ValueFormat<int> IntegerOrOff(int min, int max)
    {
        var number = ScalarFormats.Integer(min, max);
        return ValueFormat<int>.OfText(
            $"{number.Limits}, or {Off}",
            text => text == Off ? new Parsed<int>(0, null) : number.Read(SettingValue.Of(text)),
            value => value == 0 ? Off : number.Show(value));
    }

    /// <summary>A span of time, or <c>off</c>, which is null.</summary>
    public static ValueFormat<TimeSpan?> DurationOrOff(TimeSpan min, TimeSpan max)
    {
        var duration = ScalarFormats.Duration(min, max);
        return ValueFormat<TimeSpan?>.OfText(
            $"{duration.Limits}, or {Off}",
            text =>
            {
                var read = text == Off ? default : duration.Read(SettingValue.Of(text));
                return new Parsed<TimeSpan?>(text == Off ? null : read.Value, read.Problem);
            },
            value => value is { } span ? duration.Show(span) : Off);
    }

    /// <summary>A share in percent, or <c>off</c>, which is 0.</summary>
    public static ValueFormat<int> Percent(int max)
    {
        var limits = string.Create(CultureInfo.InvariantCulture, $"1% to {max}%, or off");
        return ValueFormat<int>.OfText(
            limits,
            text => text == Off
                ? new Parsed<int>(0, null)
                : !text.EndsWith('%') || !int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
                    ? Parsed<int>.Wrong("not a percentage", $"Write {limits}")
                    : percent < 1 || percent > max
                        ? Parsed<int>.Wrong($"out of range, which is {limits}", $"Write {limits}")
                        : new Parsed<int>(percent, null),
            value => value == 0 ? Off : string.Create(CultureInfo.InvariantCulture, $"{value}%"));
    }

    /// <summary>Spans of time in whole seconds, separated by commas, each longer than the one before it; or <c>off</c>.</summary>
    public static ValueFormat<IReadOnlyList<TimeSpan>> Delays(TimeSpan min, TimeSpan max, int most)
    {
        var limits = string.Create(
            CultureInfo.InvariantCulture, $"at most {most} of {ScalarFormats.Show(min)} to {ScalarFormats.Show(max)}, or off");
        var duration = ScalarFormats.Duration(min, max);
        return new ValueFormat<IReadOnlyList<TimeSpan>>(
            limits,
            value =>
            {
                var parts = (value.Items ?? value.Text!.Split(',')).Select(part => part.Trim()).ToList();
                if (parts is [Off])
                {
                    return new Parsed<IReadOnlyList<TimeSpan>>([], null);
                }

                var read = parts.ConvertAll(part => duration.Read(SettingValue.Of(part)));
                var delays = read.ConvertAll(delay => delay.Value);
                return read.Find(delay => delay.Problem is not null).Problem is { } problem
                    ? new Parsed<IReadOnlyList<TimeSpan>>([], problem)
                    : delays.Count > most
                    ? Parsed<IReadOnlyList<TimeSpan>>.Wrong($"more than {most} delays", $"Write {limits}")
                    : delays.Exists(delay => delay.Ticks % TimeSpan.TicksPerSecond != 0)
                    ? Parsed<IReadOnlyList<TimeSpan>>.Wrong("a delay is not in whole seconds", $"Write {limits}")
                    : delays.Zip(delays.Skip(1)).Any(pair => pair.Second <= pair.First)
                    ? Parsed<IReadOnlyList<TimeSpan>>.Wrong("a delay is not longer than the one before it", "Sort them, as in 1m,10m,1h")
                    : new Parsed<IReadOnlyList<TimeSpan>>(delays, null);
            },
            delays => delays.Count == 0 ? Off : string.Join(',', delays.Select(ScalarFormats.Show)));
    }
}
