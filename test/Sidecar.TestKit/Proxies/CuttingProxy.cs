using System.Net;
using System.Net.Sockets;
using Sidecar.TestKit.Processes;

namespace Sidecar.TestKit.Proxies;

/// <summary>
/// A TCP proxy on loopback that makes faults on command: between a client and its server it cuts, stalls, resets and
/// refuses connections, and it can be pointed at another server, as the address of a database is after a failover.
/// </summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener listener;
    private readonly Lock gate = new();
    private readonly List<ProxiedConnection> connections = [];
    private readonly Task accepting;
    private readonly CancellationTokenSource ended = new();
    private TaskCompletionSource flow = Flowing();
    private bool refuses;
    private long forwarded;
    private long cutAfter = long.MaxValue;

    /// <param name="targetPort">A port on loopback.</param>
    public CuttingProxy(int targetPort)
    {
        TargetPort = targetPort;
        // The port is kept while the proxy lives, so that clients find it again.
        listener = new TcpListener(IPAddress.Loopback, Ports.Free());
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where clients connect to.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Where new connections lead.</summary>
    public int TargetPort { get; set; }

    /// <summary>Connections that are open now.</summary>
    public int Open
    {
        get
        {
            lock (gate) return connections.Count;
        }
    }

    /// <summary>Bytes that went through, both ways.</summary>
    public long Forwarded => Interlocked.Read(ref forwarded);

    /// <summary>Ends all open connections in good order (FIN to both sides). New ones are taken.</summary>
    public void Cut() => EndAll(reset: false);

    /// <summary>Ends all open connections with a reset (RST to both sides). New ones are taken.</summary>
    public void Reset() => EndAll(reset: true);

    /// <summary>All open connections are reset once this many further bytes have gone through: in mid-message.</summary>
    public void ResetAfter(long bytes) => Interlocked.Exchange(ref cutAfter, Forwarded + bytes);

    /// <summary>From now on nothing goes through, and nothing ends: the network is silent.</summary>
    public void Stall()
    {
        lock (gate)
        {
            if (flow.Task.IsCompleted) flow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Ends all open connections, and each new one as soon as it is made.</summary>
    public void Refuse()
    {
        lock (gate) refuses = true;
        EndAll(reset: true);
    }

    /// <summary>After <see cref="Stall"/> or <see cref="Refuse"/>: forwards again.</summary>
    public void Heal()
    {
        lock (gate)
        {
            refuses = false;
            flow.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        listener.Stop();
        await accepting;
        Heal();
        EndAll(reset: true);
        await Until.TrueAsync(() => Open == 0, TimeSpan.FromSeconds(10), "the proxy has ended its connections");
        listener.Dispose();
        ended.Dispose();
    }

    private static TaskCompletionSource Flowing()
    {
        var flowing = new TaskCompletionSource();
        flowing.SetResult();
        return flowing;
    }

    private async Task AcceptAsync()
    {
        while (!ended.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await listener.AcceptSocketAsync(ended.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            // Owned by the list: it takes itself out at its end, and the proxy waits for an empty list.
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var connection = new ProxiedConnection(client, new Socket(SocketType.Stream, ProtocolType.Tcp));
        lock (gate)
        {
            if (refuses)
            {
                connection.End(reset: true);
                return;
            }

            connections.Add(connection);
        }

        await connection.RunAsync(TargetPort, PassAsync);
        lock (gate) connections.Remove(connection);
    }

    // Called before bytes are passed on: waits while the proxy is stalled; false: cut here.
    private async ValueTask<bool> PassAsync(int bytes)
    {
        Task flows;
        lock (gate) flows = flow.Task;
        await flows;
        if (Interlocked.Add(ref forwarded, bytes) < Interlocked.Read(ref cutAfter)) return true;
        Interlocked.Exchange(ref cutAfter, long.MaxValue);
        Reset();
        return false;
    }

    private void EndAll(bool reset)
    {
        List<ProxiedConnection> open;
        lock (gate) open = [.. connections];
        foreach (var connection in open) connection.End(reset);
    }
}
