using System.Globalization;
using System.Text;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.DeadLetter;

/// <summary>What a dead letter says, as people read it. What a foreign record does not say is empty.</summary>
/// <param name="Position">Its place in the dead-letter topic.</param>
/// <param name="WrittenMs">When it was written, in milliseconds since the Unix epoch.</param>
/// <param name="Key">The record's key as text; null: it has none.</param>
/// <param name="Type">The event's type.</param>
/// <param name="Origin">Where the event was read, <c>topic/partition/offset</c>.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Attempts">Attempts that counted; empty: it does not say.</param>
/// <param name="Reason">Why.</param>
public sealed record Letter(
    TopicPosition Position, long WrittenMs, string? Key, string Type, string Origin, string Outcome, string Attempts, string Reason)
{
    /// <summary>Reads the headers of a record; anything may stand there.</summary>
    public static Letter Of(EventRecord record)
    {
        var said = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var header in record.Headers)
        {
            if (LetterHeaders.IsOurs(header.Name))
            {
                said[Encoding.UTF8.GetString(header.Name)] = Printable(header.Value);
            }
        }

        string Said(string name) => said.GetValueOrDefault(name, "");
        var origin = said.ContainsKey(LetterHeaders.Topic)
            ? $"{Said(LetterHeaders.Topic)}/{Said(LetterHeaders.Partition)}/{Said(LetterHeaders.Offset)}"
            : "";
        return new Letter(
            record.Position,
            record.TimestampMs,
            record.HasKey ? Printable(record.Key) : null,
            Printable(EventAttributes.Of(record).Type),
            origin,
            Said(LetterHeaders.Outcome),
            Said(LetterHeaders.Attempts),
            Said(LetterHeaders.Reason));
    }

    /// <summary>
    /// Bytes as text that harms no terminal: what is not UTF-8 is written in hexadecimal, control characters as signs.
    /// </summary>
    public static string Printable(ReadOnlySpan<byte> bytes)
    {
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return $"hex:{Convert.ToHexStringLower(bytes)}";
        }

        var text = new StringBuilder();
        foreach (var rune in Encoding.UTF8.GetString(bytes).EnumerateRunes())
        {
            var isHarmless = Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format);
            text.Append(isHarmless ? rune.ToString() : $"\\u{rune.Value:x4}");
        }

        return text.ToString();
    }
}

/// <summary>Which dead letters are meant: those for which everything that is given holds. Null: it does not matter.</summary>
public sealed record LetterFilter
{
    /// <summary>The event's type, exactly.</summary>
    public string? Type { get; init; }

    /// <summary>The key, exactly, as it is shown.</summary>
    public string? Key { get; init; }

    /// <summary>A part of the reason, in any case.</summary>
    public string? Reason { get; init; }

    /// <summary>The outcome, exactly.</summary>
    public string? Outcome { get; init; }

    /// <summary>Written at this time or later, in milliseconds since the Unix epoch.</summary>
    public long? SinceMs { get; init; }

    /// <summary>Written before this time.</summary>
    public long? UntilMs { get; init; }

    /// <summary>The letter is meant.</summary>
    public bool Matches(Letter letter) =>
        (Type is null || letter.Type == Type)
        && (Key is null || letter.Key == Key)
        && (Reason is null || letter.Reason.Contains(Reason, StringComparison.OrdinalIgnoreCase))
        && (Outcome is null || letter.Outcome == Outcome)
        && (SinceMs is null || letter.WrittenMs >= SinceMs)
        && (UntilMs is null || letter.WrittenMs < UntilMs);
}
