using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sidecar.Client.Publishing;

using HeaderPair = KeyValuePair<string, string?>;

/// <summary>
/// The headers of an outbox row: a JSON array of pairs, because names may repeat and their order counts.
/// </summary>
internal static class OutboxHeaders
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Ours and those of the trace, except where the caller names the same; then the caller's.</summary>
    public static string? ToJson(ReadOnlySpan<HeaderPair> ours, IReadOnlyCollection<HeaderPair> callers)
    {
        var headers = new List<HeaderPair>(ours.Length + callers.Count + 2);
        foreach (var header in ours)
        {
            AddUnlessGiven(headers, callers, header);
        }

        // The trace goes as a whole: a caller's traceparent does not belong to our tracestate.
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id } activity
            && !Given(callers, "traceparent"))
        {
            headers.Add(new("traceparent", id));
            if (activity.TraceStateString is { Length: > 0 } state)
            {
                AddUnlessGiven(headers, callers, new("tracestate", state));
            }
        }

        headers.AddRange(callers);
        return headers.Count == 0 ? null : Write(headers);
    }

    private static void AddUnlessGiven(
        List<HeaderPair> headers, IReadOnlyCollection<HeaderPair> callers, HeaderPair header)
    {
        if (!Given(callers, header.Key))
        {
            headers.Add(header);
        }
    }

    private static bool Given(IReadOnlyCollection<HeaderPair> callers, string name) =>
        callers.Any(header => header.Key == name);

    private static string Write(List<HeaderPair> headers)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartArray();
            foreach (var (name, value) in headers)
            {
                if (name.Length == 0)
                {
                    throw new InvalidOperationException("A header has no name; Kafka would refuse the event.");
                }

                json.WriteStartArray();
                json.WriteStringValue(name);
                json.WriteStringValue(value);
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
