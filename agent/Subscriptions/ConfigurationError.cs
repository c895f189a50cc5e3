using System.Globalization;
using System.Text;

namespace Sidecar.Agent.Subscriptions;

/// <summary>One thing that is wrong in the configuration, in the operator's words.</summary>
/// <param name="Origin">Where it was written.</param>
/// <param name="Value">What was written there; null where that says nothing or must not be shown.</param>
/// <param name="Problem">What is wrong with it.</param>
/// <param name="Fix">What to do.</param>
public sealed record ConfigurationError(Origin Origin, string? Value, string Problem, string Fix)
{
    /// <summary>What is shown of a value.</summary>
    public const int ShownCharacters = 80;

    /// <summary>An error about something that nobody wrote, named by <paramref name="key"/>.</summary>
    public static ConfigurationError Missing(string key, string problem, string fix) =>
        new(new Origin(Precedence.Default, key, null, ""), null, problem, fix);

    /// <summary>One line: <c>key = "value": problem. Fix. (place)</c>.</summary>
    public override string ToString()
    {
        var value = Value is null ? "" : $" = {Shown(Value)}";
        var place = Origin.Place.Length == 0 ? "" : $" ({Origin.Place})";
        return $"{Printable(Origin.Written)}{value}: {Problem}. {Fix}.{place}";
    }

    /// <summary>A value in quotes on one line, cut to <see cref="ShownCharacters"/>.</summary>
    public static string Shown(string value) => value.Length <= ShownCharacters
        ? $"\"{Printable(value)}\""
        : string.Create(
            CultureInfo.InvariantCulture,
            $"\"{Printable(value[..ShownCharacters])}...\" ({value.Length} characters)");

    private static string Printable(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        var printable = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' => printable.Append("\\n"),
                '\t' => printable.Append("\\t"),
                _ when char.IsControl(c) => printable.Append('?'),
                _ => printable.Append(c),
            };
        }

        return printable.ToString();
    }
}
