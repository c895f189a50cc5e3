using Google.Protobuf;
using Grpc.Core;

namespace Sidecar.Agent.Health;

/// <summary>What grpc.health.v1 answers. Numbers that are not here are taken for <see cref="Unknown"/>.</summary>
internal enum ServingStatus
{
    /// <summary>It does not know itself.</summary>
    Unknown = 0,

    /// <summary>It is well.</summary>
    Serving = 1,

    /// <summary>It is not.</summary>
    NotServing = 2,

    /// <summary>It does not know the name that was asked for.</summary>
    ServiceUnknown = 3,
}

/// <summary>An answer; an object, since the client library takes no less.</summary>
internal sealed record HealthAnswer(ServingStatus Status);

/// <summary>
/// The two methods of <c>grpc.health.v1.Health</c>. Its messages have one field each, so they are written and read here.
/// Source: grpc/health/v1/health.proto of the gRPC project.
/// </summary>
internal static class HealthCall
{
    private const string Service = "grpc.health.v1.Health";
    private const int Field = 1;

    private static readonly Marshaller<string> Request = Marshallers.Create<string>(
        Write, _ => throw new NotSupportedException("only sent"));

    private static readonly Marshaller<HealthAnswer> Response = Marshallers.Create<HealthAnswer>(
        (_, _) => throw new NotSupportedException("only received"), Read);

    /// <summary>One answer.</summary>
    public static Method<string, HealthAnswer> Check { get; } = new(MethodType.Unary, Service, "Check", Request, Response);

    /// <summary>An answer now, and another with each change.</summary>
    public static Method<string, HealthAnswer> Watch { get; } = new(
        MethodType.ServerStreaming, Service, "Watch", Request, Response);

    private static void Write(string name, SerializationContext context)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            if (name.Length > 0)
            {
                output.WriteTag(Field, WireFormat.WireType.LengthDelimited);
                output.WriteString(name);
            }
        }

        context.Complete(bytes.ToArray());
    }

    private static HealthAnswer Read(DeserializationContext context)
    {
        var input = new CodedInputStream(context.PayloadAsNewBuffer());
        var status = ServingStatus.Unknown;
        while (input.ReadTag() is var tag && tag != 0)
        {
            if (WireFormat.GetTagFieldNumber(tag) == Field && WireFormat.GetTagWireType(tag) == WireFormat.WireType.Varint)
            {
                status = (ServingStatus)input.ReadEnum();
            }
            else
            {
                input.SkipLastField();
            }
        }

        return new HealthAnswer(Enum.IsDefined(status) ? status : ServingStatus.Unknown);
    }
}
