using System.Net;
using System.Net.Sockets;

namespace Sidecar.TestKit.Processes;

/// <summary>Loopback ports that nobody uses at the moment.</summary>
public static class Ports
{
    public static int Free() => Free(1)[0];

    /// <summary>That many different ports.</summary>
    public static IReadOnlyList<int> Free(int count)
    {
        // All are held at once, so that no two are the same.
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        try
        {
            foreach (var listener in listeners) listener.Start();
            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (var listener in listeners) listener.Dispose();
        }
    }
}
