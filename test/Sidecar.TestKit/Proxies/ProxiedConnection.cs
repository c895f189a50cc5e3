using System.Net;
using System.Net.Sockets;

namespace Sidecar.TestKit.Proxies;

/// <summary>Both halves of one connection through a <see cref="CuttingProxy"/>.</summary>
internal sealed class ProxiedConnection(Socket client, Socket server)
{
    private const int BufferBytes = 16 * 1024;

    /// <summary>Forwards both ways until either side ends, or <see cref="End"/>; both are closed on return.</summary>
    /// <param name="targetPort">Where the server is.</param>
    /// <param name="pass">Asked with a number of bytes before these are passed on.</param>
    public async Task RunAsync(int targetPort, Func<int, ValueTask<bool>> pass)
    {
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, targetPort);
            (client.NoDelay, server.NoDelay) = (true, true);
            await await Task.WhenAny(CopyAsync(client, server, pass), CopyAsync(server, client, pass));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Either side may be gone at any moment: that is what this proxy is for.
        }

        End(reset: false);
    }

    /// <summary>Closes both sides, in good order or with a reset.</summary>
    public void End(bool reset)
    {
        foreach (var side in (Socket[])[client, server])
        {
            try
            {
                // To linger for no time at all is a reset.
                if (reset) side.LingerState = new LingerOption(enable: true, seconds: 0);
                else side.Shutdown(SocketShutdown.Both);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It is not connected, or no longer.
            }

            side.Dispose();
        }
    }

    private static async Task CopyAsync(Socket from, Socket to, Func<int, ValueTask<bool>> pass)
    {
        var buffer = new byte[BufferBytes];
        while (await from.ReceiveAsync(buffer) is > 0 and var read && await pass(read))
        {
            for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
        }
    }
}
