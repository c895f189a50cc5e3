using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.V1;

namespace Sidecar.Agent.Hosting;

/// <summary>
/// <c>sidecar.agent.v1.DeliveryService</c>, for the application beside the agent. One unary method on the server that is
/// there anyway: a gRPC library would cost more than the frame and the trailer that are written here.
/// </summary>
internal sealed class LocalApi(DeliveryIds deliveries)
{
    private const string ExtendPath = "/sidecar.agent.v1.DeliveryService/Extend";
    private const string GrpcType = "application/grpc";
    private const int PrefixBytes = 5;

    /// <summary>The largest request that is read, in bytes.</summary>
    private const int MaxRequestBytes = 1024;

    public async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.ContentType?.StartsWith(GrpcType, StringComparison.Ordinal) != true)
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        context.Response.ContentType = GrpcType;
        if (context.Request.Path.Value != ExtendPath)
        {
            Refuse(context, StatusCode.Unimplemented, "there is sidecar.agent.v1.DeliveryService/Extend");
            return;
        }

        if (await ReadAsync(context) is not { } request
            || !ulong.TryParse(request.DeliveryId, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
            || SpanOf(request.TimeNeeded) is not { } needed)
        {
            Refuse(context, StatusCode.InvalidArgument, "name a delivery by its delivery_id, and a time_needed above zero");
            return;
        }

        if (deliveries.Extend(id, needed) is not { } left)
        {
            Refuse(context, StatusCode.NotFound, "no such delivery is in flight, or its subscription has no max-deadline");
            return;
        }

        var frame = Frame(new ExtendResponse { TimeLeft = Duration.FromTimeSpan(left) });
        await context.Response.Body.WriteAsync(frame, context.RequestAborted);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static async Task<ExtendRequest?> ReadAsync(HttpContext context)
    {
        var bytes = new byte[MaxRequestBytes + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(
            bytes, bytes.Length, throwOnEndOfStream: false, context.RequestAborted);

        // The first byte says that the message is compressed; what follows is its length.
        if (length is < PrefixBytes or > MaxRequestBytes || bytes[0] != 0
            || BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(1)) != length - PrefixBytes)
        {
            return null;
        }

        try
        {
            return ExtendRequest.Parser.ParseFrom(bytes.AsSpan(PrefixBytes, length - PrefixBytes));
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>A time above zero; what is longer than a day is a day, since no deadline is longer.</summary>
    private static TimeSpan? SpanOf(Duration? duration) => duration switch
    {
        null or { Seconds: < 0 } or { Nanos: < 0 } or { Seconds: 0, Nanos: 0 } => null,
        { Seconds: >= 86_400 } => TimeSpan.FromDays(1),
        _ => TimeSpan.FromSeconds(duration.Seconds) + TimeSpan.FromTicks(duration.Nanos / 100),
    };

    private static byte[] Frame(ExtendResponse message)
    {
        var frame = new byte[PrefixBytes + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - PrefixBytes);
        message.WriteTo(frame.AsSpan(PrefixBytes));
        return frame;
    }

    private static void Refuse(HttpContext context, StatusCode status, string text)
    {
        context.Response.Headers["grpc-status"] = ((int)status).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["grpc-message"] = text;
    }
}
