using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Sidecar.OutboxRelay.Tests.Fixtures;

/// <summary>The program itself, as a child that can be killed, stopped and continued.</summary>
internal sealed partial class RelayProcess : IDisposable
{
    private const int Kill = 9;
    private const int Term = 15;
    private const int Cont = 18;
    private const int Stop = 19;

    private readonly Process process;
    private readonly StringBuilder output = new();

    public RelayProcess(params string[] arguments)
        : this(arguments, [])
    {
    }

    public RelayProcess(string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "outbox-relay"), arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    /// <summary>A relay of this outbox with short leases and small windows, so that faults hit something.</summary>
    public static RelayProcess Run(OutboxFile outbox, params string[] more)
    {
        var flags = new Dictionary<string, string>
        {
            ["--sqlite"] = outbox.Path,
            ["--bootstrap-servers"] = Kafka.BootstrapServers,
            ["--metrics-port"] = "0",
            ["--metrics-address"] = "127.0.0.1",
            ["--lease"] = "1s",
            ["--window-rows"] = "100",
            ["--log-format"] = "text",
        };
        foreach (var pair in more.Chunk(2))
        {
            flags[pair[0]] = pair[1];
        }

        return new RelayProcess(["run", .. flags.SelectMany(flag => new[] { flag.Key, flag.Value })]);
    }

    public Task SaysAsync(string text) => Eventually.TrueAsync(
        () => Output.Contains(text, StringComparison.Ordinal), () => $"the relay says '{text}'; it said:\n{Output}");

    public void KillHard() => Signal(Kill);

    public void Pause() => Signal(Stop);

    public void Continue() => Signal(Cont);

    public async Task<int> TerminateAsync()
    {
        Signal(Term);
        return await EndAsync();
    }

    public async Task<int> EndAsync()
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(bound.Token);
        return process.ExitCode;
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        process.Dispose();
    }

    private void Signal(int number) => Assert.That(Send(process.Id, number), Is.Zero);

    private void Add(string? line)
    {
        lock (output)
        {
            output.AppendLine(line);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
