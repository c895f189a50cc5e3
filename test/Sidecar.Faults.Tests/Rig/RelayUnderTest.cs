using Sidecar.TestKit;
using Sidecar.TestKit.Processes;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>The relay's program, running: its port, its log, its end.</summary>
internal sealed class RelayUnderTest : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private readonly ProgramProcess process;
    private readonly int port;

    private RelayUnderTest(ProgramProcess process, int port)
    {
        this.process = process;
        this.port = port;
    }

    public string Output => process.Output;

    public bool HasExited => process.HasExited;

    /// <summary>Starts it; it need not be ready, or even reach anything, on return.</summary>
    public static RelayUnderTest Start(IReadOnlyDictionary<string, string> flags)
    {
        var free = Ports.Free();
        string[] own = ["run", "--metrics-port", $"{free}", "--metrics-address", "127.0.0.1", "--log-format", "text"];
        return new RelayUnderTest(
            ProgramProcess.Start(
                Programs.OutboxRelay, [.. own, .. flags.SelectMany(flag => (string[])[flag.Key, flag.Value])]),
            free);
    }

    public Task KillAsync() => process.KillAsync();

    public void Pause() => process.Send(Signal.Stop);

    public void Resume() => process.Send(Signal.Continue);

    /// <summary>SIGTERM, once it listens to it; the answer is its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await SettledAsync(async () => HasExited || (await ReadyzAsync()).Length > 0);
        return await process.StopAsync(RunOptions.Bound);
    }

    public Task<string> SaysAsync(string text) => process.WaitForLineAsync(text, RunOptions.Bound);

    /// <summary>What <c>/readyz</c> says now; empty while it does not answer.</summary>
    public Task<string> ReadyzAsync() => GetAsync("readyz");

    public Task<string> MetricsAsync() => GetAsync("metrics");

    /// <summary>
    /// Waits until both <c>/readyz</c> and <c>outbox_waiting</c> say what it waits for, and gives the sentence.
    /// </summary>
    /// <param name="reason">For instance <c>database</c>.</param>
    /// <param name="text">What the sentence must hold.</param>
    public async Task<string> WaitsForAsync(string reason, string text = "")
    {
        var said = "";
        var found = await SettledAsync(async () =>
        {
            said = await ReadyzAsync();
            return Array.Exists(said.Split('\n'), line =>
                    line.StartsWith(reason + ":", StringComparison.Ordinal) && line.Contains(text, StringComparison.Ordinal))
                && (await MetricsAsync()).Contains($"outbox_waiting{{reason=\"{reason}\"}} 1", StringComparison.Ordinal);
        });
        if (!found) Assert.Fail($"/readyz does not say that it waits for {reason} \"{text}\"; it says:\n{said}\n{Output}");
        return said;
    }

    /// <summary>Waits until it waits for nothing.</summary>
    public async Task IsReadyAsync()
    {
        var said = "";
        var found = await SettledAsync(async () =>
            (said = await ReadyzAsync()) is { Length: > 0 } && !said.Contains("waiting for", StringComparison.Ordinal));
        if (!found) Assert.Fail($"the relay does not come to be ready; it says:\n{said}\n{Output}");
    }

    public async ValueTask DisposeAsync() => await process.DisposeAsync();

    private static async Task<bool> SettledAsync(Func<Task<bool>> condition)
    {
        try
        {
            await Until.TrueAsync(condition, RunOptions.Bound, "");
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task<string> GetAsync(string page)
    {
        try
        {
            return await Http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/{page}"));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return "";
        }
    }
}
