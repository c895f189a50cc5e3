using System.Runtime.InteropServices;
using Confluent.Kafka;
using Sidecar.Credentials;

namespace Sidecar.Agent.Kafka;

/// <summary>
/// The calls of librdkafka that Confluent.Kafka does not offer, or offers at a price: commits with metadata that do not
/// block, and a poll that neither allocates nor copies. They act on the very handle of the Confluent consumer, so
/// configuration, callbacks and rebalancing stay its own.
/// </summary>
/// <remarks>
/// Structures and signatures: librdkafka's public header rdkafka.h (2.16), which keeps its ABI within a major version.
/// </remarks>
internal static unsafe partial class Librdkafka
{
    private const string Library = LoadedLibrary.Name;

    static Librdkafka() => LoadedLibrary.ServeImportsOf(typeof(Librdkafka).Assembly);

    /// <summary>What an error code means, in librdkafka's words.</summary>
    public static string Describe(ErrorCode code) => Marshal.PtrToStringUTF8((nint)ErrorText((int)code)) ?? $"error {code}";

    [LibraryImport(Library, EntryPoint = "rd_kafka_consumer_poll")]
    public static partial Message* ConsumerPoll(nint client, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_destroy")]
    public static partial void DestroyMessage(Message* message);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_timestamp")]
    public static partial long MessageTimestamp(Message* message, out int kind);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_leader_epoch")]
    [SuppressGCTransition]
    public static partial int MessageLeaderEpoch(Message* message);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_headers")]
    public static partial int MessageHeaders(Message* message, out nint headers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_errstr")]
    public static partial byte* MessageErrorText(Message* message);

    [LibraryImport(Library, EntryPoint = "rd_kafka_header_get_all")]
    [SuppressGCTransition]
    public static partial int HeaderAt(nint headers, nuint index, byte** name, byte** value, nuint* size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_name")]
    [SuppressGCTransition]
    public static partial byte* TopicName(nint topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_err2str")]
    private static partial byte* ErrorText(int code);

    [LibraryImport(Library, EntryPoint = "rd_kafka_commit")]
    public static partial int Commit(nint client, PartitionList* offsets, int async);

    [LibraryImport(Library, EntryPoint = "rd_kafka_committed")]
    public static partial int Committed(nint client, PartitionList* partitions, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_new")]
    public static partial PartitionList* NewList(int size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_destroy")]
    public static partial void DestroyList(PartitionList* list);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_add", StringMarshalling = StringMarshalling.Utf8)]
    public static partial Partition* Add(PartitionList* list, string topic, int partition);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_set_leader_epoch")]
    public static partial void SetLeaderEpoch(Partition* partition, int epoch);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_get_leader_epoch")]
    public static partial int LeaderEpoch(Partition* partition);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    public static partial nint NewConfiguration();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_destroy")]
    public static partial void DestroyConfiguration(nint configuration);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetProperty(nint configuration, string name, string value, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_dump")]
    public static partial byte** NamesAndValues(nint configuration, out nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_dump_free")]
    public static partial void FreeNamesAndValues(byte** texts, nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set_dr_msg_cb")]
    public static partial void SetReportHandler(nint configuration, delegate* unmanaged[Cdecl]<nint, Message*, nint, void> handler);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set_log_cb")]
    public static partial void SetLogHandler(nint configuration, delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> handler);

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    public static partial nint NewClient(int type, nint configuration, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_sasl_set_credentials", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint SetPassword(nint client, string username, string password);

    [LibraryImport(Library, EntryPoint = "rd_kafka_produceva")]
    public static partial nint Produce(nint client, Argument* arguments, nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_code")]
    public static partial int CodeOf(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_is_fatal")]
    public static partial int IsFatal(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_destroy")]
    public static partial void DestroyError(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_headers_new")]
    public static partial nint NewHeaders(nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_header_add")]
    public static partial int AddHeader(nint headers, byte* name, nint nameSize, byte* value, nint valueSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_headers_destroy")]
    public static partial void DestroyHeaders(nint headers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_poll")]
    public static partial int Poll(nint client, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_purge")]
    public static partial int Purge(nint client, int flags);

    [LibraryImport(Library, EntryPoint = "rd_kafka_flush")]
    public static partial int Flush(nint client, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    public static partial void DestroyClient(nint client);

    /// <summary>rd_kafka_vu_t: one argument of a produce call, a type and a union of 64 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 72)]
    public struct Argument
    {
        [FieldOffset(0)]
        public int Type;

        [FieldOffset(8)]
        public nint First;

        [FieldOffset(16)]
        public nint Second;
    }

    /// <summary>rd_kafka_message_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public int Error;
        public nint Topic;
        public int Partition;
        public byte* Payload;
        public nuint Length;
        public byte* Key;
        public nuint KeyLength;
        public long Offset;
        public nint Private;
    }

    /// <summary>rd_kafka_topic_partition_t. The metadata is freed by librdkafka with the C library's free.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Partition
    {
        public byte* Topic;
        public int Number;
        public long Offset;
        public byte* Metadata;
        public nuint MetadataSize;
        public nint Opaque;
        public int Error;
        public nint Private;
    }

    /// <summary>rd_kafka_topic_partition_list_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PartitionList
    {
        public int Count;
        public int Size;
        public Partition* Elements;
    }
}
