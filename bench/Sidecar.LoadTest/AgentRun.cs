using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.LoadTest;

/// <summary>Drains a topic of marked events through the agent into the light consumer.</summary>
internal static class AgentRun
{
    private const string TypedMethod = "/sidecar.loadtest.v1.LoadService/Handle";
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ListenTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);

    public static async Task<Report> RunAsync(LoadOptions options, KafkaServer kafka)
    {
        var folder = Directory.CreateTempSubdirectory("sidecar-load-").FullName;
        try
        {
            var topic = SharedKafka.NewTopic("load");
            await kafka.CreateTopicAsync(topic, options.Partitions);
            var address = options.UnixSocket ? $"unix:{folder}/app.sock" : $"127.0.0.1:{Ports.Free()}";
            await using var app = ProgramProcess.Start(
                Programs.Built("bench/Sidecar.LoadTest", "loadtest"),
                    ["consumer", address, $"{options.Events}", $"{options.Keys}"]);
            await app.WaitForLineAsync("listening", ListenTimeout);

            Say("the agent on an empty topic");
            var start = new AgentStart(kafka, topic, address, Fields(options));
            var idle = await IdleAsync(start, folder);

            Say($"loading {options.Events:N0} events");
            TopicLoader.Load(kafka, topic, new Batch(0, options.Events, options.Keys, options.ValueBytes));

            Say("draining");
            await using var agent = await start.StartAsync(folder);
            await DrainedAsync(app, agent);
            var (cpu, peak, allocated) = (agent.CpuSinceLive(), agent.Figures().PeakResidentBytes,
                await agent.AllocatedAsync());

            // A repeat would come when the agent stops and starts.
            var exit = await agent.StopAsync();
            await app.StopAsync(ListenTimeout);
            var complete = ConsumerReport.Newest(app.Lines, "complete")!;
            var final = ConsumerReport.Newest(app.Lines, "final") ?? complete;
            return new Report("agent", kafka.Name, Programs.Agent.IsPublished, final.Table)
            {
                Setting = Describe(options),
                Figures =
                [
                    ("events/s", $"{final.Table.Delivered / complete.Seconds:N0}"),
                    ("CPU-us per event", $"{(double)cpu / options.Events:F1}"),
                    ("allocated per event", allocated is { } bytes ? $"{bytes / options.Events:N0} B" : "n/a"),
                    ("RSS idle", Megabytes(idle.Resident)),
                    ("RSS peak, loaded", Megabytes(peak)),
                    ("start to live", Milliseconds(idle.Live) + ", " + Milliseconds(agent.StartToLive)),
                    ("exit code on SIGTERM", $"{exit}"),
                ],
            };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(long Resident, TimeSpan Live)> IdleAsync(AgentStart start, string folder)
    {
        await using var agent = await start.StartAsync(folder);
        await agent.ReadyAsync();
        await Task.Delay(Settle, TimeProvider.System);
        var resident = agent.Figures().ResidentBytes;
        await agent.StopAsync();
        return (resident, agent.StartToLive);
    }

    // Ends when the consumer has everything, or when nothing has come for a while.
    private static async Task DrainedAsync(ProgramProcess app, Started agent)
    {
        var (delivered, since) = (-1L, TimeProvider.System.GetTimestamp());
        while (ConsumerReport.Newest(app.Lines, "complete") is null)
        {
            var now = ConsumerReport.Newest(app.Lines, "so far")?.Table.Delivered ?? 0;
            if (now != delivered) (delivered, since) = (now, TimeProvider.System.GetTimestamp());
            if (agent.Process.HasExited || TimeProvider.System.GetElapsedTime(since) > StallTimeout)
                throw new InvalidOperationException(
                    $"the drain stands at {now:N0} events; the agent's output:\n{agent.Process.Output}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    private static string Fields(LoadOptions options) =>
        $"health=off; concurrency={options.Concurrency}" + (options.Typed ? $"; method={TypedMethod}" : "")
        + (options.Subscription.Length > 0 ? $"; {options.Subscription}" : "");

    private static string Describe(LoadOptions options) =>
        $"{options.Events:N0} events of {options.ValueBytes:N0} bytes, {options.Keys:N0} keys, "
        + $"{options.Partitions} partitions, {(options.Typed ? "typed method" : "generic contract")} over "
        + $"{(options.UnixSocket ? "a Unix socket" : "TCP")}, "
        + $"{options.Concurrency} in flight at most";

    private static string Megabytes(long bytes) => $"{bytes / 1_000_000.0:F1} MB";

    private static string Milliseconds(TimeSpan time) => $"{time.TotalMilliseconds:N0} ms";

    private static void Say(string what) => Console.Error.WriteLine($"loadtest: {what}");
}
