using System.Text;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>Records for tests.</summary>
internal static class Records
{
    public static EventRecord Of(long offset, string? key, string topic = "t", int partition = 0, long timestampMs = 0) =>
        With(offset, key, topic, partition, timestampMs, []);

    /// <summary>One with headers, in partition 0.</summary>
    public static EventRecord WithHeaders(long offset, params (string Name, string? Value)[] headers) =>
        With(offset, null, "t", 0, 0, headers);

    private static EventRecord With(
        long offset, string? key, string topic, int partition, long timestampMs, (string Name, string? Value)[] headers)
    {
        var writer = new RecordWriter(64);
        if (key is not null)
        {
            writer.Key(Encoding.UTF8.GetBytes(key));
        }

        writer.Value("value"u8);
        foreach (var (name, value) in headers)
        {
            writer.Header(Encoding.UTF8.GetBytes(name), value is null ? default : Encoding.UTF8.GetBytes(value), value is null);
        }

        return writer.Finish(new TopicPosition(topic, partition, offset), timestampMs);
    }
}
