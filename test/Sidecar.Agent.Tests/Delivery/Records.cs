using System.Text;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Tests.Delivery;

/// <summary>Builds records as the consumer would.</summary>
internal static class Records
{
    internal static readonly TopicPosition Place = new("orders.v1", 3, 42);

    internal static readonly Attempt First = new(1, 0xabcdef, 1_750_000_000_123);

    internal static EventRecord Make(
        byte[]? key,
        byte[]? value,
        (byte[] Name, byte[]? Value)[] headers,
        TopicPosition? place = null,
        long timestampMs = -1)
    {
        var writer = new RecordWriter(16);
        if (key is not null)
        {
            writer.Key(key);
        }

        if (value is not null)
        {
            writer.Value(value);
        }

        foreach (var (name, content) in headers)
        {
            writer.Header(name, content, content is null);
        }

        return writer.Finish(place ?? Place, timestampMs);
    }

    internal static EventRecord With(params (string Name, string Value)[] headers) =>
        Make("key"u8.ToArray(), "value"u8.ToArray(), Bytes(headers));

    internal static (byte[] Name, byte[]? Value)[] Bytes(params (string Name, string Value)[] headers) =>
        [.. headers.Select(header => (Utf8(header.Name), (byte[]?)Utf8(header.Value)))];

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
