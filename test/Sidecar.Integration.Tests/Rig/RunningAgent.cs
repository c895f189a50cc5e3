using System.Globalization;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Rig;

/// <summary>What an agent is started with.</summary>
internal sealed record AgentSetup(string BootstrapServers, string Topic, string AppAddress)
{
    public string Group { get; init; } = $"{Topic}-group";

    /// <summary>More of the subscription, <c>; key=value</c>.</summary>
    public string Subscription { get; init; } = "";

    /// <summary>More lines of annotations.</summary>
    public string MoreAnnotations { get; init; } = "";

    /// <summary>The file of annotations that it reads, instead of one that is made of what stands above.</summary>
    public string? Annotations { get; init; }

    /// <summary>More flags.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];
}

/// <summary>The agent as a program: its output, its own port, its end.</summary>
internal sealed class RunningAgent : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PageTimeout = TimeSpan.FromSeconds(5);

    // Variables of the test run, which the agent would warn of.
    private static readonly Dictionary<string, string?> NotTheAgents =
        new() { ["SIDECAR_PUBLISHED"] = null, ["SIDECAR_FULL"] = null };

    private readonly HttpClient page;
    private readonly string annotations;

    private RunningAgent(ProgramProcess process, (int Metrics, int Admin) ports, string annotations)
    {
        Process = process;
        this.annotations = annotations;
        AdminPort = ports.Admin;
        page = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{ports.Metrics}"), Timeout = PageTimeout };
    }

    public ProgramProcess Process { get; }

    /// <summary>The file of its annotations.</summary>
    public string Annotations => annotations;

    /// <summary>Where it listens for people.</summary>
    public int AdminPort { get; }

    /// <summary>The port of metrics and health.</summary>
    public int MetricsPort => page.BaseAddress!.Port;

    /// <summary>Starts it; returns when it is live.</summary>
    public static async Task<RunningAgent> StartAsync(AgentSetup setup)
    {
        var (port, adminPort) = (Ports.Free(), Ports.Free());
        var file = Path.Combine(Path.GetTempPath(), $"annotations-{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(
            file, $"sidecar.events/subscription.test=\"{setup.Topic}{setup.Subscription}\"\n{setup.MoreAnnotations}\n");
        string[] line =
        [
            "run", "--annotations", setup.Annotations ?? file, "--app-address", setup.AppAddress, "--group", setup.Group,
            "--bootstrap-servers", setup.BootstrapServers, "--metrics-port", $"{port}", "--admin-port", $"{adminPort}",
            .. setup.Flags,
        ];
        var process = ProgramProcess.Start(Programs.Agent, line, NotTheAgents);
        var agent = new RunningAgent(process, (port, adminPort), file);
        await agent.Process.WaitForLineAsync("is live", Patience);
        return agent;
    }

    public static Task<RunningAgent> StartAsync(KafkaServer kafka, string topic, Inbox inbox, string more = "") =>
        StartAsync(new AgentSetup(kafka.BootstrapServers, topic, inbox.Address) { Subscription = more });

    /// <summary>What its readiness probe sees.</summary>
    public async Task<System.Net.HttpStatusCode> ReadyStatusAsync()
    {
        using var answer = await page.GetAsync(new Uri("/readyz", UriKind.Relative));
        return answer.StatusCode;
    }

    /// <summary>All that it says of itself, as text.</summary>
    public Task<string> MetricsAsync() => page.GetStringAsync(new Uri("/metrics", UriKind.Relative));

    public Task<string> ReadyAsync() => page.GetStringAsync(new Uri("/readyz", UriKind.Relative));

    /// <summary>The sum of a metric over the lines that hold all these labels; 0 where there is none.</summary>
    public async Task<double> MetricAsync(string name, params string[] labels)
    {
        var text = await MetricsAsync();
        return text.Split('\n')
            .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal)
                || line.StartsWith(name + " ", StringComparison.Ordinal))
            .Where(line => labels.All(label => line.Contains(label, StringComparison.Ordinal)))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    public Task MetricIsAsync(double value, string name, params string[] labels) => Until.TrueAsync(
        async () => Math.Abs(await MetricAsync(name, labels) - value) < 0.5,
        Patience,
        $"{name} {string.Join(' ', labels)} is {value}");

    /// <summary>When its consume loop last turned, in seconds since the Unix epoch.</summary>
    public Task<double> TurnedAtAsync() => MetricAsync("sidecar_loop_last_tick_timestamp_seconds");

    /// <summary>Ends it by SIGTERM; its exit code.</summary>
    public Task<int> StopAsync() => Process.StopAsync(Patience);

    /// <summary>How many of its lines hold this text.</summary>
    public int Says(string text) => Process.Lines.Count(line => line.Contains(text, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        page.Dispose();
        await Process.DisposeAsync();
        File.Delete(annotations);
    }
}
