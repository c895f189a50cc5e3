using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Sidecar.TestKit.Kafka;

/// <summary>
/// Produces what the .NET client cannot: a record whose header name is not UTF-8. Other clients write names as bytes.
/// </summary>
public static partial class RawProduce
{
    private const int TopicType = 1;
    private const int PartitionType = 3;
    private const int ValueType = 4;
    private const int MessageFlagsType = 7;
    private const int HeaderType = 9;
    private const int CopyFlag = 2;

    // That class knows where the library is.
    static RawProduce() => RuntimeHelpers.RunClassConstructor(typeof(Librdkafka).TypeHandle);

    /// <summary>Produces a record without a key, with the value 1 and one header; Kafka has it after a flush.</summary>
    /// <param name="handle">The producer's.</param>
    /// <param name="topic">Where to.</param>
    /// <param name="partition">Where to.</param>
    /// <param name="name">The header's name; it ends at the first 0.</param>
    public static unsafe void Produce(Handle handle, string topic, int partition, byte[] name)
    {
        var property = typeof(Handle).GetProperty("LibrdkafkaHandle", BindingFlags.Instance | BindingFlags.NonPublic)
            ?? throw new InvalidOperationException("Confluent.Kafka no longer has Handle.LibrdkafkaHandle");
        var client = ((SafeHandle)property.GetValue(handle)!).DangerousGetHandle();
        var topicName = Marshal.StringToCoTaskMemUTF8(topic);
        byte[] headerName = [.. name, 0];
        var bytes = "1"u8.ToArray();
        fixed (byte* pinnedName = headerName)
        fixed (byte* value = bytes)
        {
            Argument[] arguments =
            [
                new() { Type = TopicType, First = topicName },
                new() { Type = PartitionType, First = partition },
                new() { Type = ValueType, First = (nint)value, Second = bytes.Length },
                new() { Type = MessageFlagsType, First = CopyFlag },
                new() { Type = HeaderType, First = (nint)pinnedName, Second = (nint)value, Third = bytes.Length },
            ];
            var error = rd_kafka_produceva(client, arguments, arguments.Length);
            Marshal.FreeCoTaskMem(topicName);
            if (error != 0) throw new InvalidOperationException("librdkafka refused the record");
        }
    }

    [LibraryImport("librdkafka")]
    private static partial nint rd_kafka_produceva(nint client, Argument[] arguments, nint count);

    // rd_kafka_vu_t: a type, and a union of 64 bytes.
    [StructLayout(LayoutKind.Explicit, Size = 72)]
    private struct Argument
    {
        [FieldOffset(0)]
        public int Type;

        [FieldOffset(8)]
        public nint First;

        [FieldOffset(16)]
        public nint Second;

        [FieldOffset(24)]
        public nint Third;
    }
}
