using Grpc.Core;
using Grpc.Net.Client;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// The connections to the application: HTTP/2 without TLS over loopback TCP (<c>host:port</c>) or a Unix socket
/// (<c>unix:/path</c>), opened when a call needs one.
/// </summary>
/// <remarks>
/// Each call that finds no connection tries one at once. (With its own way to connect, a channel waits ever longer
/// after a failure, up to two minutes; a handler that brings a connect callback is spared that.) There are no
/// keep-alive pings: on one machine a dead peer closes its socket, a hung one meets the deadline, and servers punish
/// pings.
/// </remarks>
internal sealed class AppChannel : IDisposable
{
    /// <summary>The longest wait for a connection; on one machine it takes well below a millisecond.</summary>
    internal static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The largest response that is read, in bytes.</summary>
    internal const int MaxResponseBytes = 4 * 1024 * 1024;

    private readonly GrpcChannel channel;
    private readonly string address;

    internal AppChannel(string address)
    {
        this.address = address;
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = ConnectAsync,
            ConnectTimeout = ConnectTimeout,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = null,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        };
        var options = new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxResponseBytes,
            // Ours is checked before the call, where it is told apart from the application's.
            MaxSendMessageSize = null,
            // No retry that we do not see and count.
            MaxRetryAttempts = null,
            ServiceConfig = null,
        };
        channel = GrpcChannel.ForAddress(AppSocket.IsUnix(address) ? "http://localhost" : "http://" + address, options);
        Calls = channel.CreateCallInvoker();
    }

    /// <summary>Makes calls.</summary>
    internal CallInvoker Calls { get; }

    /// <summary>Ends all calls and closes the connections.</summary>
    public void Dispose() => channel.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation) =>
        new AppStream(await AppSocket.ConnectAsync(address, cancellation));
}
