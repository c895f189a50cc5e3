using System.Net;
using System.Net.Sockets;

namespace Sidecar.Agent.Delivery;

/// <summary>Opens a connection to the application's address, <c>host:port</c> or <c>unix:/path</c>.</summary>
internal static class AppSocket
{
    private const string UnixPrefix = "unix:";

    /// <summary>The address is that of a Unix socket.</summary>
    internal static bool IsUnix(string address) => address.StartsWith(UnixPrefix, StringComparison.Ordinal);

    /// <summary>A connected socket.</summary>
    /// <exception cref="SocketException">Nothing listens there, or it cannot be reached.</exception>
    internal static async ValueTask<Socket> ConnectAsync(string address, CancellationToken cancellation)
    {
        var isUnix = IsUnix(address);
        var socket = isUnix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(EndOf(address), cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static EndPoint EndOf(string address)
    {
        if (IsUnix(address))
        {
            return new UnixDomainSocketEndPoint(address[UnixPrefix.Length..]);
        }

        var parts = new Uri("http://" + address);
        return new DnsEndPoint(parts.IdnHost, parts.Port);
    }
}
