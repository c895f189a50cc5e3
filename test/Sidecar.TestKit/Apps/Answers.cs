using System.Buffers.Binary;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Sidecar.TestKit.Apps;

/// <summary>What a <see cref="MisbehavingApp"/> can do with a call.</summary>
public static class Answers
{
    private const int PrefixBytes = 5;

    /// <summary>OK, with a message (by default an empty one) and trailers.</summary>
    public static RequestDelegate Ok(byte[]? message = null, params (string Name, string Value)[] trailers) =>
        async context =>
        {
            await ReadMessageAsync(context);
            context.Response.ContentType = "application/grpc";
            await WriteMessageAsync(context, message ?? []);
            foreach (var (name, value) in trailers)
            {
                context.Response.AppendTrailer(name, value);
            }

            context.Response.AppendTrailer("grpc-status", "0");
        };

    /// <summary>A status without a message: trailers only.</summary>
    public static RequestDelegate Status(
        StatusCode status, string message, params (string Name, string Value)[] trailers) =>
        async context =>
        {
            await ReadMessageAsync(context);
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = ((int)status).ToString();
            context.Response.Headers["grpc-message"] = message;
            foreach (var (name, value) in trailers)
            {
                context.Response.Headers[name] = value;
            }
        };

    /// <summary>An HTTP answer that has nothing to do with gRPC.</summary>
    public static RequestDelegate Http(int status, string contentType) => context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        return context.Response.WriteAsync("<html>not gRPC</html>");
    };

    /// <summary>Reads the call and answers nothing until the caller gives up.</summary>
    public static RequestDelegate Hang(TaskCompletionSource? arrived = null) => async context =>
    {
        await ReadMessageAsync(context);
        arrived?.TrySetResult();
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
    };

    /// <summary>Reads the call and drops the whole connection.</summary>
    public static RequestDelegate DropConnection() => async context =>
    {
        await ReadMessageAsync(context);
        context.Features.Get<IConnectionLifetimeFeature>()?.Abort();
        context.Features.Get<IHttpRequestLifetimeFeature>()!.Abort();
    };

    /// <summary>Reads the call and resets its stream with an error code of HTTP/2.</summary>
    public static RequestDelegate ResetStream(int errorCode) => async context =>
    {
        await ReadMessageAsync(context);
        context.Features.Get<IHttpResetFeature>()!.Reset(errorCode);
    };

    /// <summary>Ends the answer without saying how the call went.</summary>
    public static RequestDelegate NoStatus() => async context =>
    {
        await ReadMessageAsync(context);
        context.Response.ContentType = "application/grpc";
        await WriteMessageAsync(context, []);
    };

    /// <summary>Reads one message off a call.</summary>
    public static async Task<byte[]> ReadMessageAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return body.ToArray()[PrefixBytes..];
    }

    /// <summary>Writes one message into an answer.</summary>
    public static async Task WriteMessageAsync(HttpContext context, byte[] message)
    {
        var frame = new byte[PrefixBytes + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, PrefixBytes);
        await context.Response.Body.WriteAsync(frame);
    }
}
