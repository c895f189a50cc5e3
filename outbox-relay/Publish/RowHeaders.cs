using System.Text;
using System.Text.Json;
using Confluent.Kafka;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>Reads a row's headers: a JSON array of pairs, in order; names may repeat, a value may be null.</summary>
public static class RowHeaders
{
    private const string Shape = "the headers are not a JSON array of [\"name\", \"text or null\"] pairs";

    /// <summary>Adds the headers to <paramref name="to"/>; the answer is null, or why they cannot be read.</summary>
    public static string? Read(ReadOnlySpan<byte> json, Headers to)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            {
                return Shape;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
            {
                if (Pair(ref reader, to) is { } wrong)
                {
                    return wrong;
                }
            }

            return reader.TokenType == JsonTokenType.EndArray && !reader.Read() ? null : Shape;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is what the reader throws for text that is not valid UTF-8 or half a surrogate pair.
            return $"the headers are not valid JSON: {e.Message}";
        }
    }

    private static string? Pair(ref Utf8JsonReader reader, Headers to)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.String)
        {
            return Shape;
        }

        var name = reader.GetString()!;
        if (name.Length == 0 || name.Contains('\0'))
        {
            return "a header's name is empty or contains NUL";
        }

        if (!reader.Read() || reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
        {
            return Shape;
        }

        byte[]? value = null;
        if (reader.TokenType == JsonTokenType.String)
        {
            value = reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan.ToArray();
        }

        to.Add(name, value);
        return reader.Read() && reader.TokenType == JsonTokenType.EndArray ? null : Shape;
    }
}
