using System.ComponentModel;
using System.Diagnostics;
using Sidecar.TestKit.Processes;

namespace Sidecar.TestKit.Postgres;

/// <summary>
/// The processes of one server: the postmaster, which we start ourselves, and its children, one for each connection and
/// service.
/// </summary>
internal sealed class ServerProcess(string folder) : IAsyncDisposable
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(30);

    private Process? postmaster;

    public string LogFile { get; } = Path.Combine(folder, "log");

    public bool IsRunning => postmaster is { HasExited: false };

    public int Id => postmaster?.Id ?? throw new InvalidOperationException("the server was not started");

    public void Start(IReadOnlyList<string> line, IReadOnlyDictionary<string, string> environment)
    {
        if (IsRunning) throw new InvalidOperationException("the server runs already");
        postmaster?.Dispose();
        // Shell and setpriv replace themselves by the server, so the id that we hold is the postmaster's own.
        const string IntoLog = "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null";
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = "/" };
        foreach (var argument in (string[])["-c", IntoLog, "sh", LogFile, .. line]) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        start.Environment["LC_ALL"] = "C";
        postmaster = Process.Start(start) ?? throw new InvalidOperationException("the server did not start");
    }

    /// <summary>Asks the postmaster, and waits for its end: SIGINT is a fast shutdown.</summary>
    public async Task EndAsync(Signal signal)
    {
        Signals.Send(Id, signal);
        await EndedAsync();
    }

    /// <summary>SIGKILL to all processes; none is left on return.</summary>
    public async Task KillAsync()
    {
        var family = Family();
        SendAll(family, Signal.Kill);
        await EndedAsync();
        // A child that still holds the shared memory keeps the next postmaster from starting.
        await Until.TrueAsync(
            () => !family.Exists(IsAlive), EndTimeout, "all processes of the killed server are gone");
    }

    /// <summary>Stands still (SIGSTOP) or goes on (SIGCONT), with all connections open.</summary>
    public void SendAll(Signal signal) => SendAll(Family(), signal);

    public void Kill()
    {
        if (IsRunning) SendAll(Family(), Signal.Kill);
    }

    public string EndOfLog() =>
        File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(8)) : "(no log)";

    public async ValueTask DisposeAsync()
    {
        if (IsRunning) await KillAsync();
        postmaster?.Dispose();
    }

    private async Task EndedAsync()
    {
        using var timeout = new CancellationTokenSource(EndTimeout, TimeProvider.System);
        await postmaster!.WaitForExitAsync(timeout.Token);
    }

    private static void SendAll(List<int> family, Signal signal)
    {
        foreach (var id in family)
        {
            try
            {
                Signals.Send(id, signal);
            }
            catch (Win32Exception) when (!IsAlive(id))
            {
                // A child may end by itself at any moment.
            }
        }
    }

    // The postmaster first: it starts no further children then.
    private List<int> Family() => [Id, .. Statuses().Where(status => status.Parent == Id).Select(status => status.Id)];

    // A zombie is gone: it only waits for whoever reads its exit code.
    private static bool IsAlive(int id) => Status(id) is { State: not 'Z' };

    // Without /proc the children are left to end by themselves, as they do when their postmaster is gone.
    private static IEnumerable<ProcessStatus> Statuses() =>
        (Directory.Exists("/proc") ? Directory.EnumerateDirectories("/proc") : [])
        .Select(entry => int.TryParse(Path.GetFileName(entry.AsSpan()), out var id) ? Status(id) : null)
        .OfType<ProcessStatus>();

    // "pid (command) state parent ...", where the command may hold anything.
    private static ProcessStatus? Status(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new ProcessStatus(id, fields[0][0], int.Parse(fields[1], null));
        }
        catch (IOException)
        {
            return null;
        }
    }

    private sealed record ProcessStatus(int Id, char State, int Parent);
}
