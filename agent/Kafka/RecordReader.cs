using System.Runtime.InteropServices;
using System.Text;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Kafka;

/// <summary>Copies a message of librdkafka into a record. Names of topics are looked up once per assignment.</summary>
internal sealed unsafe class RecordReader
{
    /// <summary>Room for two ordinary headers; the writer grows where it does not do.</summary>
    private const int HeaderBytesGuess = 96;

    private readonly Dictionary<nint, string> topics = [];

    /// <summary>Forgets the names of topics: their handles may be used again for others once partitions have gone.</summary>
    public void ForgetTopics() => topics.Clear();

    /// <summary>The topic of a message, the same string every time.</summary>
    public string TopicOf(Librdkafka.Message* message)
    {
        if (!topics.TryGetValue(message->Topic, out var name))
        {
            var bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(Librdkafka.TopicName(message->Topic));
            name = string.Intern(Encoding.UTF8.GetString(bytes));
            topics.Add(message->Topic, name);
        }

        return name;
    }

    /// <summary>The record; null and empty stay apart, and no byte is changed.</summary>
    public EventRecord Read(Librdkafka.Message* message)
    {
        var hasHeaders = Librdkafka.MessageHeaders(message, out var headers) == 0;
        var size = (int)message->KeyLength + (int)message->Length + (hasHeaders ? HeaderBytesGuess : 0);
        var writer = new RecordWriter(size);
        if (message->Key is not null)
        {
            writer.Key(new ReadOnlySpan<byte>(message->Key, (int)message->KeyLength));
        }

        if (message->Payload is not null)
        {
            writer.Value(new ReadOnlySpan<byte>(message->Payload, (int)message->Length));
        }

        if (hasHeaders)
        {
            CopyHeaders(headers, ref writer);
        }

        var timestamp = Librdkafka.MessageTimestamp(message, out var kind);
        var position = new TopicPosition(TopicOf(message), message->Partition, message->Offset);
        return writer.Finish(position, kind == 0 ? -1 : timestamp);
    }

    private static void CopyHeaders(nint headers, ref RecordWriter writer)
    {
        byte* name;
        byte* value;
        nuint size;
        for (nuint index = 0; Librdkafka.HeaderAt(headers, index, &name, &value, &size) == 0; index++)
        {
            writer.Header(
                MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name),
                new ReadOnlySpan<byte>(value, (int)size),
                isNull: value is null);
        }
    }
}
