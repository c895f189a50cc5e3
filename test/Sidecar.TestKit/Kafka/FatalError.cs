using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Sidecar.TestKit.Kafka;

/// <summary>Breaks an idempotent producer for good, as a lost sequence does.</summary>
public static partial class FatalError
{
    // That class knows where the library is.
    static FatalError() => RuntimeHelpers.RunClassConstructor(typeof(Librdkafka).TypeHandle);

    /// <summary>From now on the native client produces nothing.</summary>
    public static void Raise(nint client) =>
        _ = rd_kafka_test_fatal_error(client, (int)ErrorCode.OutOfOrderSequenceNumber, "raised by a test");

    [LibraryImport("librdkafka", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rd_kafka_test_fatal_error(nint client, int code, string reason);
}
