using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;

namespace Sidecar.Agent.Commands;

/// <summary>One dead letter as a machine reads it.</summary>
public sealed record LetterEntry(
    int Partition, long Offset, string Written, string? Key, string Type, string Origin, string Outcome, string Attempts, string Reason);

/// <summary>How <c>agent dlq list</c> writes JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LetterEntry))]
public sealed partial class LetterJson : JsonSerializerContext;

/// <summary>Prints dead letters. What applications wrote harms no terminal: it is shown as <see cref="Letter.Printable"/>.</summary>
internal static class LetterOutput
{
    /// <summary>Bytes of a value that are shown.</summary>
    public const int MaxValueBytes = 4096;

    private const int MaxKeyChars = 32;

    /// <summary>What stands above the rows.</summary>
    public static string[] Heading { get; } = ["PLACE", "WRITTEN", "OUTCOME", "TRIED", "KEY", "TYPE", "ORIGIN", "REASON"];

    /// <summary>One letter as a row.</summary>
    public static string[] Row(Letter letter) =>
    [
        $"{letter.Position.Partition}/{letter.Position.Offset}",
        Time(letter.WrittenMs),
        letter.Outcome,
        letter.Attempts,
        letter.Key is null ? "-" : letter.Key.Length > MaxKeyChars ? $"{letter.Key[..MaxKeyChars]}..." : letter.Key,
        letter.Type,
        letter.Origin,
        letter.Reason,
    ];

    /// <summary>One letter as a line of JSON.</summary>
    public static string Json(Letter letter) => JsonSerializer.Serialize(
        new LetterEntry(
            letter.Position.Partition, letter.Position.Offset, Time(letter.WrittenMs), letter.Key, letter.Type, letter.Origin,
            letter.Outcome, letter.Attempts, letter.Reason),
        LetterJson.Default.LetterEntry);

    /// <summary>All of one letter.</summary>
    public static void Whole(TextWriter output, EventRecord record)
    {
        output.WriteLine($"place    {record.Position.Topic}/{record.Position.Partition}/{record.Position.Offset}");
        output.WriteLine($"written  {Time(record.TimestampMs)}");
        output.WriteLine($"key      {(record.HasKey ? Letter.Printable(record.Key) : "(null)")}");
        foreach (var header in record.Headers)
        {
            output.WriteLine($"header   {Letter.Printable(header.Name)}: {(header.IsNull ? "(null)" : Letter.Printable(header.Value))}");
        }

        var shown = record.Value[..Math.Min(record.Value.Length, MaxValueBytes)];
        output.WriteLine(record.HasValue ? $"value    {record.Value.Length} bytes" : "value    (null)");
        if (record.Value.Length > 0)
        {
            output.WriteLine(Letter.Printable(shown));
        }
    }

    private static string Time(long unixMs) => unixMs < 0
        ? "-"
        : DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
