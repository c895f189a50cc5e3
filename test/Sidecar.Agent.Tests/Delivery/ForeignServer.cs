using System.Diagnostics;

namespace Sidecar.Agent.Tests.Delivery;

/// <summary>One of the servers of test/foreign as a process: started with a port, killed at the end.</summary>
internal sealed class ForeignServer : IAsyncDisposable
{
    private const string Announcement = "listening ";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);
    private readonly Process process;

    private ForeignServer(Process process, int port)
    {
        this.process = process;
        Address = $"127.0.0.1:{port}";
    }

    internal string Address { get; }

    /// <summary>Starts <c>node</c>, <c>python</c> or <c>go</c>; ignores the test where it cannot be.</summary>
    /// <param name="kind">The folder under test/foreign.</param>
    /// <param name="arguments">The server's own.</param>
    internal static async Task<ForeignServer> StartAsync(string kind, params string[] arguments)
    {
        var folder = Path.Combine(Root(), "test", "foreign", kind);
        var (program, script, needs) = kind switch
        {
            "node" => ("node", "server.js", Path.Combine(folder, "node_modules", "@grpc")),
            "python" => ("/usr/bin/python3", "server.py", Path.Combine(folder, "protos", "sidecar")),
            _ => (Path.Combine(folder, "bin", "server"), "", Path.Combine(folder, "bin", "server")),
        };
        if (!Path.Exists(needs))
        {
            Assert.Ignore($"test/foreign/{kind} is not installed here: test/foreign/setup says why");
        }

        var start = new ProcessStartInfo(program, script.Length == 0 ? arguments : [Path.Combine(folder, script), .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false,
        };
        var started = Process.Start(start)!;
        using var patience = new CancellationTokenSource(StartTimeout);
        var line = await started.StandardOutput.ReadLineAsync(patience.Token);
        if (line?.StartsWith(Announcement, StringComparison.Ordinal) != true)
        {
            await KillAsync(started);
            Assert.Ignore($"test/foreign/{kind} did not start; it said: {line ?? "nothing"}");
        }

        return new ForeignServer(started, int.Parse(line![Announcement.Length..]));
    }

    public async ValueTask DisposeAsync() => await KillAsync(process);

    private static async Task KillAsync(Process ended)
    {
        ended.Kill();
        await ended.WaitForExitAsync();
        ended.Dispose();
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Sidecar.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("no Sidecar.sln above the tests");
        }

        return folder.FullName;
    }
}
