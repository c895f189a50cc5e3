using Grpc.Core;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.LoadTest.Trouble;

/// <summary>What a part runs on: a topic of its own, an address for the application, and agents of one group.</summary>
internal sealed class Bed : IDisposable
{
    public const int Keys = 1_000;
    public const int Partitions = 4;

    private const int TailLines = 20;
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(150);
    private readonly string folder = Directory.CreateTempSubdirectory("sidecar-trouble-").FullName;
    private readonly string topic;
    private int agents;

    private Bed(KafkaServer kafka, string topic) => (Kafka, this.topic) = (kafka, topic);

    public KafkaServer Kafka { get; }

    /// <summary>Where the application listens.</summary>
    public string Address { get; } = $"127.0.0.1:{Ports.Free()}";

    public static async Task<Bed> MakeAsync(KafkaServer kafka)
    {
        var bed = new Bed(kafka, SharedKafka.NewTopic("trouble"));
        await kafka.CreateTopicAsync(bed.topic, Partitions);
        return bed;
    }

    /// <summary>Produces events.</summary>
    public void Load(int first, int count, int valueBytes = 256) =>
        TopicLoader.Load(Kafka, topic, new Batch(first, count, Keys, valueBytes));

    /// <summary>An application that listens.</summary>
    public async Task<TroubledApp> ListenAsync(int events, Func<int, ValueTask<StatusCode?>> handle)
    {
        var app = new TroubledApp(Address, new Tally(events, Keys), handle);
        await app.ComeAsync();
        return app;
    }

    /// <summary>An agent that is live.</summary>
    /// <param name="group">Agents with the same one share the partitions.</param>
    /// <param name="fields">Fields of the subscription.</param>
    public Task<Started> StartAgentAsync(string group, string fields)
    {
        var own = Directory.CreateDirectory(Path.Combine(folder, $"{Interlocked.Increment(ref agents)}")).FullName;
        return new AgentStart(Kafka, topic, Address, fields) { Namespace = $"{topic}-{group}" }.StartAsync(own);
    }

    /// <summary>The name of a topic of the group's own.</summary>
    public string OwnTopic(string group, string ending) => $"{topic}-{group}.load.load.{ending}";

    /// <summary>Waits until this holds, as long as the application gets something new now and then.</summary>
    /// <exception cref="InvalidOperationException">It stands; with the agent's output.</exception>
    public static async Task UntilAsync(Func<bool> holds, TroubledApp app, Started agent)
    {
        var (delivered, since) = (-1L, TimeProvider.System.GetTimestamp());
        while (!holds())
        {
            var now = app.Tally.Table.Delivered;
            if (now != delivered) (delivered, since) = (now, TimeProvider.System.GetTimestamp());
            if (agent.Process.HasExited || TimeProvider.System.GetElapsedTime(since) > StallTimeout)
                throw new InvalidOperationException($"it stands at {now:N0} events; the agent's output:\n{Tail(agent)}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    private static string Tail(Started agent) => string.Join('\n', agent.Process.Lines.TakeLast(TailLines));

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
