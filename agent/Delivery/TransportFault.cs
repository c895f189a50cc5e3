using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// Reads who ended a call that did not end well: from what the client library reports, and from whether the request was
/// ever handed to a connection.
/// </summary>
internal static class TransportFault
{
    // Error codes of HTTP/2 (RFC 9113, section 7).
    private const long NoError = 0x0;
    private const long RefusedStream = 0x7;
    private const long Http11Required = 0xd;

    // How the client library starts its message about an answer that is HTTP but not gRPC.
    private const string BadResponse = "Bad gRPC response.";
    private const string BadHttpStatus = "Bad gRPC response. HTTP status code: ";

    /// <param name="status">The call's status; an exception in it says that the application did not send it.</param>
    /// <param name="sent">The request was handed to a connection.</param>
    internal static CallEnd Of(in Status status, bool sent)
    {
        if (status.DebugException is null)
        {
            return OfStatus(status, sent);
        }

        var connectionFailed = false;
        for (var cause = status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (OfCause(cause) is { } end)
            {
                return sent || end == CallEnd.NotGrpc ? end : CallEnd.NotProcessed;
            }

            connectionFailed |= cause is IOException;
        }

        return !sent ? CallEnd.NotProcessed : connectionFailed ? CallEnd.Lost : CallEnd.Garbled;
    }

    /// <summary>What happened to the call or its connection, for people; null: the status says it better.</summary>
    internal static string? Explain(Exception? cause)
    {
        for (; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException socket:
                    return Explain(socket);
                case HttpProtocolException { ErrorCode: Http11Required }:
                    return "it answers in HTTP/1.1, gRPC needs HTTP/2";
                case HttpProtocolException { ErrorCode: RefusedStream }:
                    return "the call was refused (HTTP/2 REFUSED_STREAM)";
                case HttpProtocolException { ErrorCode: NoError }:
                case HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }:
                    return "the application closed the connection";
                case NeverAnsweredException { InnerException: null }:
                    return "the connection was closed before the application said anything";
                case InvalidProtocolBufferException:
                    return "the response is not a message of the contract";
                case HttpProtocolException protocol:
                    return $"the call was reset (HTTP/2 error code {protocol.ErrorCode})";
            }
        }

        return null;
    }

    private static string Explain(SocketException cause) => cause.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused: nothing listens there",
        SocketError.ConnectionReset => "connection reset",
        SocketError.HostNotFound => "the host name is not known",
        SocketError.AddressNotAvailable => "there is no such socket",
        _ => cause.Message,
    };

    private static CallEnd OfStatus(in Status status, bool sent) => status.StatusCode switch
    {
        // The deadline passed while the call waited for a connection.
        StatusCode.DeadlineExceeded when !sent => CallEnd.NotProcessed,

        // A web page or the like. A server's own failures (5xx) keep the status that gRPC gives them.
        _ when IsForeign(status) => CallEnd.NotGrpc,
        _ => CallEnd.Answered,
    };

    private static bool IsForeign(in Status status) =>
        status.Detail.StartsWith(BadResponse, StringComparison.Ordinal)
        && !status.Detail.StartsWith(BadHttpStatus + "5", StringComparison.Ordinal);

    private static CallEnd? OfCause(Exception cause) => cause switch
    {
        InvalidProtocolBufferException => CallEnd.Garbled,
        HttpRequestException { InnerException: HttpProtocolException { ErrorCode: Http11Required } } => CallEnd.NotGrpc,

        // The handler keeps to itself that a call may be sent again (a refused stream, or one that a GOAWAY excludes).
        // It shows in this alone: then its message is not that of the protocol error inside.
        HttpRequestException { InnerException: HttpProtocolException inner } when cause.Message != inner.Message =>
            CallEnd.NotProcessed,

        // Closed with an orderly GOAWAY before the answer came.
        HttpProtocolException { ErrorCode: NoError } => CallEnd.Lost,

        // The application reset this one call; the connection lives.
        HttpProtocolException => CallEnd.Garbled,

        NeverAnsweredException => CallEnd.NotProcessed,
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
        } => CallEnd.NotProcessed,
        SocketException => CallEnd.Lost,

        // Others say nothing by themselves: what is inside may.
        _ => null,
    };
}
