using System.Globalization;

namespace Sidecar.Agent.Subscriptions;

/// <summary>Numbers, durations, sizes and words: the same everywhere, in every source.</summary>
internal static class ScalarFormats
{
    private static readonly (string Suffix, long Factor)[] Units =
        [("Gi", 1L << 30), ("Mi", 1L << 20), ("Ki", 1L << 10), ("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)];

    private static readonly (string Suffix, long Milliseconds)[] Times =
        [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

    /// <summary>A whole decimal number.</summary>
    public static ValueFormat<int> Integer(int min, int max)
    {
        var limits = string.Create(CultureInfo.InvariantCulture, $"{min} to {max}");
        return ValueFormat<int>.OfText(
            limits,
            text => !long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
                ? Parsed<int>.Wrong("not a whole number", $"Write a whole number from {limits}")
                : value < min || value > max
                    ? Parsed<int>.Wrong($"out of range, which is {limits}", $"Write a whole number from {limits}")
                    : new Parsed<int>((int)value, null),
            value => value.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>A span of time: a whole number with its unit.</summary>
    public static ValueFormat<TimeSpan> Duration(TimeSpan min, TimeSpan max)
    {
        var limits = $"{Show(min)} to {Show(max)}";
        return ValueFormat<TimeSpan>.OfText(limits, text => ReadDuration(text, min, max), Show);
    }

    /// <summary>Two spans of time with two dots between them; one alone stands for both.</summary>
    public static ValueFormat<(TimeSpan Min, TimeSpan Max)> Range(TimeSpan min, TimeSpan max)
    {
        var limits = $"{Show(min)} to {Show(max)}, as min..max";
        return ValueFormat<(TimeSpan Min, TimeSpan Max)>.OfText(
            limits,
            text =>
            {
                var dots = text.IndexOf("..", StringComparison.Ordinal);
                var first = ReadDuration(dots < 0 ? text : text[..dots].Trim(), min, max);
                var second = dots < 0 ? first : ReadDuration(text[(dots + 2)..].Trim(), min, max);
                return new Parsed<(TimeSpan, TimeSpan)>((first.Value, second.Value), first.Problem ?? second.Problem);
            },
            value => value.Min == value.Max ? Show(value.Min) : $"{Show(value.Min)}..{Show(value.Max)}");
    }

    /// <summary>A number of bytes, as Kubernetes writes quantities.</summary>
    public static ValueFormat<long> Size(long min, long max)
    {
        var limits = $"{ShowSize(min)} to {ShowSize(max)}";
        return ValueFormat<long>.OfText(
            limits,
            text =>
            {
                if (ReadSize(text) is not { } bytes)
                {
                    return Parsed<long>.Wrong(
                        "not a size", "Write whole bytes with or without a unit of k, M, G, Ki, Mi, Gi, such as 8Mi");
                }

                return bytes < min || bytes > max
                    ? Parsed<long>.Wrong($"out of range, which is {limits}", $"Write a size from {limits}")
                    : new Parsed<long>(bytes, null);
            },
            ShowSize);
    }

    /// <summary>One word of a closed set; some of which may not work yet.</summary>
    public static ValueFormat<T> Choice<T>(IReadOnlyList<(string Word, T Value)> words, params string[] notYet)
        where T : struct, Enum
    {
        var limits = string.Join(" | ", words.Select(word => word.Word));
        return ValueFormat<T>.OfText(
            limits,
            text =>
            {
                foreach (var (word, value) in words)
                {
                    if (word == text)
                    {
                        return new Parsed<T>(value, null);
                    }
                }

                return notYet.Any(word => text == word || text.StartsWith(word + ":", StringComparison.Ordinal))
                    ? Parsed<T>.Wrong("not supported yet", $"Use one of: {limits}")
                    : Parsed<T>.Wrong(
                        "not one of its words",
                        $"{Nearest.Question(text, words.Select(w => w.Word))}Use one of: {limits}");
            },
            value => words.First(word => word.Value.Equals(value)).Word);
    }

    /// <summary>Yes or no.</summary>
    public static ValueFormat<bool> Boolean { get; } = ValueFormat<bool>.OfText(
        "true | false",
        text => text is "true" or "false"
            ? new Parsed<bool>(text == "true", null)
            : Parsed<bool>.Wrong("neither true nor false", "Write true or false"),
        value => value ? "true" : "false");

    /// <summary>A span of time in the largest unit that says it whole.</summary>
    public static string Show(TimeSpan value)
    {
        var milliseconds = (long)value.TotalMilliseconds;
        var unit = milliseconds == 0 ? Times[1] : Times.Last(time => milliseconds % time.Milliseconds == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{milliseconds / unit.Milliseconds}{unit.Suffix}");
    }

    private static Parsed<TimeSpan> ReadDuration(string text, TimeSpan min, TimeSpan max)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var unit = Array.Find(Times, time => time.Suffix == text[digits..]);
        if (unit.Suffix is null
            || !long.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return Parsed<TimeSpan>.Wrong(
                "not a duration", "Write a whole number with a unit of ms, s, m or h, such as 500ms or 2m");
        }

        if (number > max.TotalMilliseconds / unit.Milliseconds || number < min.TotalMilliseconds / unit.Milliseconds)
        {
            var limits = $"{Show(min)} to {Show(max)}";
            return Parsed<TimeSpan>.Wrong($"out of range, which is {limits}", $"Write a duration from {limits}");
        }

        return new Parsed<TimeSpan>(TimeSpan.FromMilliseconds(number * unit.Milliseconds), null);
    }

    private static long? ReadSize(string text)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var suffix = text[digits..];
        var factor = suffix.Length == 0 ? 1 : Array.Find(Units, unit => unit.Suffix == suffix).Factor;
        return factor > 0
            && long.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number <= long.MaxValue / factor
            ? number * factor
            : null;
    }

    private static string ShowSize(long bytes)
    {
        var unit = Array.Find(Units, unit => bytes >= unit.Factor && bytes % unit.Factor == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / Math.Max(unit.Factor, 1)}{unit.Suffix}");
    }
}
