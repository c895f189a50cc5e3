using System.Text;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>Records for tests.</summary>
internal static class Records
{
    public static EventRecord Of(long offset, string? key, string topic = "t", int partition = 0)
    {
        var writer = new RecordWriter(64);
        if (key is not null)
        {
            writer.Key(Encoding.UTF8.GetBytes(key));
        }

        writer.Value("value"u8);
        return writer.Finish(new TopicPosition(topic, partition, offset), 0);
    }
}
