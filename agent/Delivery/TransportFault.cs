using System.Net.Sockets;
using Grpc.Core;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// Reads who ended a call that did not end well: from what the client library reports, and from whether the request was
/// ever handed to a connection.
/// </summary>
internal static class TransportFault
{
    // Error codes of HTTP/2 (RFC 9113, section 7).
    private const long RefusedStream = 0x7;
    private const long Http11Required = 0xd;

    // How the client library starts its message about an answer that is HTTP but not gRPC.
    private const string BadResponse = "Bad gRPC response.";

    /// <param name="status">The call's status; an exception in it says that the application did not send it.</param>
    /// <param name="sent">The request was handed to a connection.</param>
    internal static CallEnd Of(in Status status, bool sent)
    {
        if (status.DebugException is null)
        {
            return OfStatus(status, sent);
        }

        for (var cause = status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (OfCause(cause) is { } end)
            {
                return sent || end == CallEnd.NotGrpc ? end : CallEnd.NotProcessed;
            }
        }

        return sent ? CallEnd.Answered : CallEnd.NotProcessed;
    }

    /// <summary>Why the connection failed, in words for people; null where the exceptions do not say.</summary>
    internal static string? Explain(Exception? cause)
    {
        for (; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException socket)
            {
                return socket.SocketErrorCode switch
                {
                    SocketError.ConnectionRefused => "connection refused: nothing listens there",
                    SocketError.ConnectionReset => "connection reset",
                    SocketError.HostNotFound => "the host name is not known",
                    SocketError.AddressNotAvailable => "no such socket",
                    _ => socket.Message,
                };
            }
        }

        return null;
    }

    private static CallEnd OfStatus(in Status status, bool sent) => status.StatusCode switch
    {
        // The deadline passed while the call waited for a connection.
        StatusCode.DeadlineExceeded when !sent => CallEnd.NotProcessed,

        // A web page or the like. A gateway's "not here now" and a server's own failure keep their status.
        StatusCode.Cancelled or StatusCode.Unimplemented
            when status.Detail.StartsWith(BadResponse, StringComparison.Ordinal) => CallEnd.NotGrpc,
        _ => CallEnd.Answered,
    };

    private static CallEnd? OfCause(Exception cause) => cause switch
    {
        HttpProtocolException { ErrorCode: RefusedStream } => CallEnd.NotProcessed,
        HttpProtocolException { ErrorCode: Http11Required } => CallEnd.NotGrpc,

        // The application reset this one call; the connection lives.
        HttpProtocolException => CallEnd.Answered,
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } =>
            CallEnd.NotProcessed,
        HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError } => CallEnd.NotGrpc,
        IOException or SocketException => CallEnd.Lost,
        _ => null,
    };
}
