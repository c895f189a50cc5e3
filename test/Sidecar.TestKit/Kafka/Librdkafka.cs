using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Sidecar.TestKit.Kafka;

/// <summary>The mock cluster's own calls, in the very copy of librdkafka that Confluent.Kafka has loaded.</summary>
internal static partial class Librdkafka
{
    private const string Library = "librdkafka";

    static Librdkafka() => NativeLibrary.SetDllImportResolver(typeof(Librdkafka).Assembly, Resolve);

    public static nint MockCluster(nint client) => rd_kafka_handle_mock_cluster(client);

    public static string MockBootstraps(nint cluster) =>
        Marshal.PtrToStringUTF8(rd_kafka_mock_cluster_bootstraps(cluster))
        ?? throw new InvalidOperationException("the mock cluster has no address");

    public static void CreateMockTopic(nint cluster, string topic, int partitions, int replicas) =>
        ThrowOnError(rd_kafka_mock_topic_create(cluster, topic, partitions, replicas), $"create topic {topic}");

    public static void SetMockBroker(nint cluster, int broker, bool up) => ThrowOnError(
        up ? rd_kafka_mock_broker_set_up(cluster, broker) : rd_kafka_mock_broker_set_down(cluster, broker),
        $"set broker {broker} {(up ? "up" : "down")}");

    public static void PushErrors(nint cluster, short api, ErrorCode[] errors) =>
        rd_kafka_mock_push_request_errors_array(
            cluster, api, (nuint)errors.Length, Array.ConvertAll(errors, error => (int)error));

    private static void ThrowOnError(int code, string action)
    {
        if (code != 0) throw new InvalidOperationException($"the mock cluster could not {action}: {(ErrorCode)code}");
    }

    // The package carries several builds of the library; which one was loaded stands in the process's own map.
    private static nint Resolve(string name, System.Reflection.Assembly assembly, DllImportSearchPath? path)
    {
        if (!string.Equals(name, Library, StringComparison.Ordinal)) return 0;
        if (!OperatingSystem.IsLinux()) return NativeLibrary.Load(name, typeof(Handle).Assembly, path);
        foreach (var line in File.ReadLines("/proc/self/maps"))
        {
            var file = line.IndexOf('/', StringComparison.Ordinal);
            if (file >= 0 && Path.GetFileName(line[file..]).Contains(Library, StringComparison.Ordinal))
                return NativeLibrary.Load(line[file..]);
        }

        throw new DllNotFoundException("Confluent.Kafka has not loaded librdkafka yet");
    }

    [LibraryImport(Library)]
    private static partial nint rd_kafka_handle_mock_cluster(nint client);

    [LibraryImport(Library)]
    private static partial nint rd_kafka_mock_cluster_bootstraps(nint cluster);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rd_kafka_mock_topic_create(nint cluster, string topic, int partitions, int replicas);

    [LibraryImport(Library)]
    private static partial int rd_kafka_mock_broker_set_down(nint cluster, int broker);

    [LibraryImport(Library)]
    private static partial int rd_kafka_mock_broker_set_up(nint cluster, int broker);

    [LibraryImport(Library)]
    private static partial void rd_kafka_mock_push_request_errors_array(
        nint cluster, short api, nuint count, int[] errors);
}
