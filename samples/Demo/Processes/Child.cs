using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sidecar.Demo.Processes;

/// <summary>A program that the demo started and will end: asked first, killed after a bound.</summary>
internal sealed partial class Child
{
    /// <summary>Both sidecars end within this when asked; the agent drains first.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(25);

    private const int LastLinesKept = 12;
    private const int TerminateSignal = 15;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lastLines = new();

    private Child(string name, Process process, Action<string>? onLine)
    {
        Name = name;
        _process = process;
        process.OutputDataReceived += (_, line) =>
        {
            Keep(line.Data);
            if (line.Data is { } text)
            {
                onLine?.Invoke(text);
            }
        };
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Exit = ExitAsync();
    }

    public string Name { get; }

    /// <summary>Ends with the program, after its last line; the exit code.</summary>
    public Task<int> Exit { get; }

    /// <summary>What it said last, on both of its outputs.</summary>
    public string LastLines => string.Join('\n', _lastLines.Select(line => $"  | {line}"));

    /// <summary>
    /// Starts a program of <paramref name="command"/>; each line of its standard output is handed over.
    /// </summary>
    public static Child Start(
        ProgramCommand command,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        Action<string>? onLine = null)
    {
        var start = new ProcessStartInfo(command.File)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in command.Arguments.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        // What the shell says of sidecars or listeners is not meant for these programs.
        foreach (var name in start.Environment.Keys.Where(IsForeign).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new Child(command.Name, new Process { StartInfo = start }, onLine);
    }

    /// <exception cref="DemoFailedException">It ended, which it should not.</exception>
    public void ThrowIfEnded()
    {
        if (Exit.IsCompleted)
        {
            throw new DemoFailedException($"{Name} ended with exit code {Exit.Result}. It said last:\n{LastLines}");
        }
    }

    public async Task StopAsync()
    {
        if (!Exit.IsCompleted)
        {
            Ask();
            await Task.WhenAny(Exit, Task.Delay(StopTime, TimeProvider.System));
        }

        if (!Exit.IsCompleted)
        {
            _process.Kill(entireProcessTree: true);
        }

        await Exit;
        _process.Dispose();
    }

    private static bool IsForeign(string name) =>
        name.StartsWith("SIDECAR_", StringComparison.Ordinal) || name.StartsWith("OUTBOX_", StringComparison.Ordinal)
        || name.StartsWith("ASPNETCORE_", StringComparison.Ordinal) || name == "DOTNET_URLS";

    private async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    private void Ask()
    {
        if (OperatingSystem.IsWindows())
        {
            _process.Kill(entireProcessTree: true);
        }
        else
        {
            _ = Signal(_process.Id, TerminateSignal);
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        _lastLines.Enqueue(line);
        while (_lastLines.Count > LastLinesKept)
        {
            _lastLines.TryDequeue(out _);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}
