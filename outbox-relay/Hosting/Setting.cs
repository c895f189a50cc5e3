using System.Globalization;

namespace Sidecar.OutboxRelay.Hosting;

/// <summary>One setting: its names, its default for the help, and how its text becomes a value.</summary>
/// <param name="Name">The flag without its dashes.</param>
/// <param name="Variable">The environment variable; a flag wins over it.</param>
/// <param name="Default">The default as one would write it; null: none.</param>
/// <param name="Help">What it does, in one sentence.</param>
/// <param name="Apply">Sets the option; the answer is null, or what to give instead.</param>
public sealed record Setting(
    string Name, string Variable, string? Default, string Help, Func<ProgramOptions, string, string?> Apply)
{
    /// <summary>The flag.</summary>
    public string Flag => "--" + Name;

    /// <summary>The value may hold a secret: it is never printed.</summary>
    public bool IsSecret { get; init; }
}

/// <summary>Reads texts into values within limits; null means that it is none, or outside.</summary>
internal static class SettingText
{
    public static long? Number(string text, long least, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) &&
        value >= least && value <= most
            ? value
            : null;

    /// <summary>A number with its unit: <c>250ms</c>, <c>5s</c>, <c>2m</c>, <c>1h</c>.</summary>
    public static TimeSpan? Duration(string text, TimeSpan least, TimeSpan most)
    {
        var digits = text.AsSpan().TrimEnd("msh");
        TimeSpan? unit = text.AsSpan(digits.Length) switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            _ => null,
        };
        return unit is { } one && Number(digits.ToString(), 0, int.MaxValue) is { } count &&
            one * count is var value && value >= least && value <= most
                ? value
                : null;
    }

    public static string Show(TimeSpan time) =>
        time.TotalSeconds < 1 ? $"{time.TotalMilliseconds}ms" :
        time.TotalMinutes < 1 ? $"{time.TotalSeconds}s" : $"{time.TotalMinutes}m";
}
