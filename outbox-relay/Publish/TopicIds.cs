using System.Runtime.InteropServices;
using Confluent.Kafka;
using Sidecar.Credentials;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>
/// Asks which topic of its name a topic is, by librdkafka's own call. That of Confluent.Kafka (2.16) never ends where a
/// partition has no replica in sync, which is what Kafka says for a while after all of its brokers were gone: its
/// reading of an empty list fails, and with it the whole admin client, in silence.
/// </summary>
/// <remarks>Signatures: librdkafka's public header rdkafka.h (2.16), which keeps its ABI within a major version.</remarks>
internal static unsafe partial class TopicIds
{
    private const string Library = LoadedLibrary.Name;
    private const int DescribeTopics = 19;      // RD_KAFKA_ADMIN_OP_DESCRIBETOPICS
    private const int LateMs = 500;             // librdkafka itself ends a request in time, and says so a little later

    static TopicIds() => LoadedLibrary.ServeImportsOf(typeof(TopicIds).Assembly);

    /// <summary>
    /// The id in base64; empty: none is told, because the topic cannot be described, or no topic can. Null: no answer
    /// within the time. Blocks for as long.
    /// </summary>
    /// <param name="client">Whose connections are used.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="broker">Who is asked: any can tell. Negative: the controller, which librdkafka must know first.</param>
    /// <param name="timeoutMs">The time.</param>
    public static string? Ask(IClient client, string topic, int broker, int timeoutMs)
    {
        var handle = LoadedLibrary.HandleOf(client);
        var (queue, names, options) = (NewQueue(handle), NewNames([topic], 1), NewOptions(handle, DescribeTopics));
        nint answer = 0;
        try
        {
            _ = SetTimeout(options, timeoutMs, null, 0);
            if (broker >= 0)
            {
                _ = SetBroker(options, broker, null, 0);
            }

            Describe(handle, names, options, queue);
            answer = Poll(queue, timeoutMs + LateMs);
            return answer == 0 ? null : Read(answer);
        }
        finally
        {
            if (answer != 0)
            {
                DestroyEvent(answer);
            }

            DestroyOptions(options);
            DestroyNames(names);
            DestroyQueue(queue);
        }
    }

    private static string? Read(nint answer)
    {
        if ((ErrorCode)ErrorOf(answer) is not ErrorCode.NoError and var error)
        {
            return error == ErrorCode.Local_UnsupportedFeature ? "" : null;
        }

        var topics = TopicsOf(ResultOf(answer), out var count);
        if (count == 0 || (ErrorCode)CodeOf(ErrorOfTopic(topics[0])) != ErrorCode.NoError)
        {
            return "";  // whether it can be written is found by writing
        }

        var id = IdOf(topics[0]);
        return HighBits(id) == 0 && LowBits(id) == 0 ? "" : Marshal.PtrToStringUTF8(Base64Of(id));
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_new")]
    private static partial nint NewQueue(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_poll")]
    private static partial nint Poll(nint queue, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_destroy")]
    private static partial void DestroyQueue(nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicCollection_of_topic_names", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint NewNames(string[] names, nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicCollection_destroy")]
    private static partial void DestroyNames(nint names);

    [LibraryImport(Library, EntryPoint = "rd_kafka_AdminOptions_new")]
    private static partial nint NewOptions(nint client, int operation);

    [LibraryImport(Library, EntryPoint = "rd_kafka_AdminOptions_set_request_timeout")]
    private static partial int SetTimeout(nint options, int timeoutMs, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_AdminOptions_set_broker")]
    private static partial int SetBroker(nint options, int broker, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_AdminOptions_destroy")]
    private static partial void DestroyOptions(nint options);

    [LibraryImport(Library, EntryPoint = "rd_kafka_DescribeTopics")]
    private static partial void Describe(nint client, nint names, nint options, nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error")]
    private static partial int ErrorOf(nint answer);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_destroy")]
    private static partial void DestroyEvent(nint answer);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_DescribeTopics_result")]
    private static partial nint ResultOf(nint answer);

    [LibraryImport(Library, EntryPoint = "rd_kafka_DescribeTopics_result_topics")]
    private static partial nint* TopicsOf(nint result, out nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicDescription_error")]
    private static partial nint ErrorOfTopic(nint topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_code")]
    private static partial int CodeOf(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicDescription_topic_id")]
    private static partial nint IdOf(nint topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_Uuid_most_significant_bits")]
    private static partial long HighBits(nint id);

    [LibraryImport(Library, EntryPoint = "rd_kafka_Uuid_least_significant_bits")]
    private static partial long LowBits(nint id);

    [LibraryImport(Library, EntryPoint = "rd_kafka_Uuid_base64str")]
    private static partial nint Base64Of(nint id);
}
