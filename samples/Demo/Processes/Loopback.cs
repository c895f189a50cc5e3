using System.Net;
using System.Net.Sockets;

namespace Sidecar.Demo.Processes;

/// <summary>Ports of this machine: finding free ones, and waiting for a program to answer on one.</summary>
internal sealed class Loopback : IDisposable
{
    /// <summary>A cold start under the JIT on a busy machine takes some seconds.</summary>
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <exception cref="DemoFailedException">It ended instead, or did not answer in time.</exception>
    public Task AnswersHttpAsync(Child child, Uri address, CancellationToken cancellationToken) =>
        WaitAsync(
            child,
            $"{address}",
            async () => (await _http.GetAsync(address, cancellationToken)).IsSuccessStatusCode,
            cancellationToken);

    /// <inheritdoc cref="AnswersHttpAsync"/>
    public Task AcceptsAsync(Child child, int port, CancellationToken cancellationToken) => WaitAsync(
        child,
        $"127.0.0.1:{port}",
        async () =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            return true;
        },
        cancellationToken);

    public void Dispose() => _http.Dispose();

    private static async Task WaitAsync(
        Child child, string where, Func<Task<bool>> answers, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(StartTime);
        while (!await AnswersAsync(answers))
        {
            child.ThrowIfEnded();
            if (bound.IsCancellationRequested)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new DemoFailedException(
                    $"{child.Name} does not answer on {where} after {StartTime.TotalSeconds:0} s. It said last:\n" +
                    child.LastLines);
            }

            await Task.Delay(AskAgain, TimeProvider.System, cancellationToken);
        }
    }

    private static async Task<bool> AnswersAsync(Func<Task<bool>> answers)
    {
        try
        {
            return await answers();
        }
        catch (Exception error) when (error is HttpRequestException or SocketException or TaskCanceledException)
        {
            return false;
        }
    }
}
