using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Sidecar.Credentials;

/// <summary>
/// The copy of librdkafka that Confluent.Kafka has loaded, for calls that the package does not offer, or does not offer
/// well. They act on the very handle of a Confluent client, so that its configuration and callbacks stay its own.
/// </summary>
public static class LoadedLibrary
{
    /// <summary>What a <c>LibraryImport</c> of such a call names.</summary>
    public const string Name = "librdkafka";

    // The package carries three builds of the library. The first needs libsasl2 (Kerberos), the second glibc alone, the
    // third is for musl. This is the order in which Confluent.Kafka itself tries them, so that ours is the copy it loaded.
    private static readonly string[] Variants = [Name, "centos8-librdkafka", "alpine-librdkafka"];

    /// <summary>Makes the imports of an assembly find the library. Once for an assembly, before its first call.</summary>
    public static void ServeImportsOf(Assembly assembly) => NativeLibrary.SetDllImportResolver(assembly, Resolve);

    /// <summary>The native handle that a Confluent client wraps; valid until the client is disposed.</summary>
    public static nint HandleOf(IClient client) => ((SafeHandle)NativeHandle(client.Handle)).DangerousGetHandle();

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_LibrdkafkaHandle")]
    [return: UnsafeAccessorType("Confluent.Kafka.Impl.SafeKafkaHandle, Confluent.Kafka")]
    private static extern object NativeHandle(Handle handle);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Name)
        {
            return 0;
        }

        foreach (var variant in Variants)
        {
            if (NativeLibrary.TryLoad(variant, typeof(IClient).Assembly, path, out var handle))
            {
                return handle;
            }
        }

        return 0;
    }
}
