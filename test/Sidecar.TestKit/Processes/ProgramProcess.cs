using System.Diagnostics;

namespace Sidecar.TestKit.Processes;

/// <summary>
/// A running program: its output by lines, signals, and an end that is always reached: disposing kills what still runs.
/// </summary>
public sealed class ProgramProcess : IAsyncDisposable
{
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(10);

    private readonly Process process;
    private readonly Lock gate = new();
    private readonly List<string> lines = [];
    private readonly List<string> errorLines = [];
    private readonly List<string> outputLines = [];

    private ProgramProcess(Process process) => this.process = process;

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>What it has written so far, both streams, in the order of arrival.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (gate) return [.. lines];
        }
    }

    /// <summary>What it has written to standard error so far.</summary>
    public IReadOnlyList<string> ErrorLines
    {
        get
        {
            lock (gate) return [.. errorLines];
        }
    }

    /// <summary>What it has written to standard output so far.</summary>
    public IReadOnlyList<string> OutputLines
    {
        get
        {
            lock (gate) return [.. outputLines];
        }
    }

    /// <summary>All its output, for messages.</summary>
    public string Output => string.Join('\n', Lines);

    /// <summary>Starts a program.</summary>
    /// <param name="program">From <see cref="Programs"/>.</param>
    /// <param name="arguments">Its command line.</param>
    /// <param name="environment">Added to ours; a null value takes a variable away.</param>
    /// <param name="folder">Where it runs; ours if null.</param>
    public static ProgramProcess Start(
        ProgramPath program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? folder = null)
    {
        var start = new ProcessStartInfo(program.File)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var argument in program.Arguments.Concat(arguments)) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        }

        var running = new ProgramProcess(new Process { StartInfo = start });
        running.process.OutputDataReceived += (_, line) => running.Take(line.Data, isError: false);
        running.process.ErrorDataReceived += (_, line) => running.Take(line.Data, isError: true);
        running.process.Start();
        running.process.StandardInput.Close();
        running.process.BeginOutputReadLine();
        running.process.BeginErrorReadLine();
        return running;
    }

    /// <summary>Waits for a line that holds this text, past or to come.</summary>
    /// <exception cref="TimeoutException">No such line in time, or the program ended; with its output.</exception>
    public Task<string> WaitForLineAsync(string text, TimeSpan timeout) =>
        WaitForLineAsync(line => line.Contains(text, StringComparison.Ordinal), timeout, $"a line with \"{text}\"");

    /// <inheritdoc cref="WaitForLineAsync(string, TimeSpan)"/>
    public async Task<string> WaitForLineAsync(Func<string, bool> matches, TimeSpan timeout, string description)
    {
        string? found = null;
        bool Look() => (found = Lines.FirstOrDefault(matches)) is not null;
        await Until.SettledAsync(() => Look() || HasExited, timeout);
        if (found is null && HasExited)
        {
            // The last lines arrive after the exit.
            await process.WaitForExitAsync();
            Look();
        }

        var end = HasExited ? $", the program ended with {process.ExitCode}" : "";
        return found ?? throw new TimeoutException($"{description} did not come{end}. Its output:\n{Output}");
    }

    public void Send(Signal signal) => Signals.Send(Id, signal);

    /// <summary>Waits for its end; all output has been read then.</summary>
    /// <returns>The exit code; 128 + n when signal n ended it.</returns>
    /// <exception cref="TimeoutException">It still runs; with its output.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan timeout)
    {
        using var cancellation = new CancellationTokenSource(timeout, TimeProvider.System);
        try
        {
            await process.WaitForExitAsync(cancellation.Token);
            return process.ExitCode;
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"no end within {timeout.TotalSeconds:0.#} s. Its output:\n{Output}", e);
        }
    }

    /// <summary>Asks it to end (SIGTERM) and waits.</summary>
    public async Task<int> StopAsync(TimeSpan timeout)
    {
        if (!HasExited) Send(Signal.Terminate);
        return await WaitForExitAsync(timeout);
    }

    /// <summary>Kills it (SIGKILL) and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        if (!HasExited) process.Kill(entireProcessTree: true);
        await WaitForExitAsync(KillTimeout);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        process.Dispose();
    }

    private void Take(string? line, bool isError)
    {
        if (line is null) return;
        lock (gate)
        {
            lines.Add(line);
            (isError ? errorLines : outputLines).Add(line);
        }
    }
}
