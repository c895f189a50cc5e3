using System.Buffers.Text;
using System.Security.Cryptography;
using Sidecar.TestKit.Processes;

namespace Sidecar.TestKit.Kafka;

/// <summary>
/// An Apache Kafka cluster started from a distribution (<c>KAFKA_HOME</c>): KRaft, loopback, free ports, a temporary
/// folder. It owns its processes and its folder, and its brokers can be made to fail.
/// </summary>
public sealed class LocalKafka : KafkaServer
{
    /// <summary>A port that was free a moment ago can be taken now: so often is it tried.</summary>
    private const int StartAttempts = 3;

    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(60);

    private readonly string folder;
    private readonly List<LocalBroker> brokers;

    private LocalKafka(string home, string folder, List<LocalBroker> brokers)
    {
        this.folder = folder;
        this.brokers = brokers;
        Name = $"Apache Kafka {Version(home)}, {brokers.Count} broker{(brokers.Count > 1 ? "s" : "")} (KAFKA_HOME)";
        // A test run that is ended early still takes its brokers with it.
        AppDomain.CurrentDomain.ProcessExit += KillAll;
    }

    public override string Name { get; }

    public override string BootstrapServers => string.Join(',', brokers.Select(broker => broker.Address));

    /// <summary>The process ids of the brokers that run.</summary>
    public IReadOnlyList<int> ProcessIds =>
        [.. brokers.Where(broker => broker.IsRunning).Select(broker => broker.ProcessId)];

    /// <summary>Formats and starts a cluster; when it returns, every broker is in the metadata.</summary>
    /// <exception cref="InvalidOperationException">It did not come up; with the end of its log.</exception>
    public static async Task<LocalKafka> StartAsync(string home, LocalKafkaOptions options)
    {
        home = Path.GetFullPath(home);
        if (!File.Exists(Path.Combine(home, "bin", "kafka-server-start.sh")))
            throw new InvalidOperationException($"KAFKA_HOME={home} has no bin/kafka-server-start.sh");
        for (var attempt = 1; ; attempt++)
        {
            var kafka = await TryStartAsync(home, options);
            var failure = await kafka.ReadyAsync();
            if (failure is null) return kafka;
            await kafka.DisposeAsync();
            if (attempt == StartAttempts) throw new InvalidOperationException(failure);
        }
    }

    /// <summary>The broker dies at once (SIGKILL).</summary>
    /// <param name="broker">1 and up, as in all these methods.</param>
    public Task KillBrokerAsync(int broker) => brokers[broker - 1].EndAsync(Signal.Kill);

    /// <summary>The broker stops in good order (SIGTERM): it hands over its leaderships first.</summary>
    public Task StopBrokerAsync(int broker) => brokers[broker - 1].EndAsync(Signal.Terminate);

    /// <summary>Starts a broker that was killed or stopped, on its old port and data; ready on return.</summary>
    public Task StartBrokerAsync(int broker) => StartBrokersAsync([broker]);

    /// <summary>Starts several: of a cluster without a majority, none is ready before the others run.</summary>
    public async Task StartBrokersAsync(IReadOnlyList<int> stopped)
    {
        foreach (var broker in stopped) brokers[broker - 1].Start();
        var failure = await ReadyAsync();
        if (failure is not null) throw new InvalidOperationException(failure);
    }

    /// <summary>The broker stands still with its connections open (SIGSTOP).</summary>
    public void PauseBroker(int broker) => brokers[broker - 1].Send(Signal.Stop);

    public void ResumeBroker(int broker) => brokers[broker - 1].Send(Signal.Continue);

    public override async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= KillAll;
        foreach (var broker in brokers) await broker.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<LocalKafka> TryStartAsync(string home, LocalKafkaOptions options)
    {
        var root = Directory.CreateTempSubdirectory("sidecar-kafka-").FullName;
        var ports = Ports.Free(2 * options.Brokers);
        var ids = Enumerable.Range(1, options.Brokers).ToList();
        var voters = string.Join(',', ids.Select(id => $"{id}@127.0.0.1:{ports[(2 * id) - 1]}"));
        var clusterId = "k" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16))[1..];
        var addresses = ids.Select(id => new BrokerAddress(id, ports[(2 * id) - 2], ports[(2 * id) - 1], voters));
        var cluster = addresses
            .Select(address => new LocalBroker(home, Path.Combine(root, $"{address.Id}"), options, address)).ToList();
        await Task.WhenAll(cluster.Select(broker => broker.FormatAsync(clusterId)));
        foreach (var broker in cluster) broker.Start();
        return new LocalKafka(home, root, cluster);
    }

    // A broker takes connections once it has caught up and is unfenced. Null: ready.
    private async Task<string?> ReadyAsync()
    {
        var running = brokers.Where(broker => broker.IsRunning).ToList();
        foreach (var broker in running)
        {
            if (!await broker.ListensAsync(ReadyTimeout)) return broker.Explain("did not come up");
        }

        using var admin = Admin();
        await Until.TrueAsync(
            () => admin.GetMetadata(RequestTimeout).Brokers.Count >= running.Count,
            ReadyTimeout,
            "every broker is in the metadata");
        return null;
    }

    private void KillAll(object? sender, EventArgs e)
    {
        foreach (var broker in brokers) broker.Kill();
    }

    private static string Version(string home)
    {
        var jar = Directory.EnumerateFiles(Path.Combine(home, "libs"), "kafka-clients-*.jar").FirstOrDefault();
        return jar is null ? "(unknown version)" : Path.GetFileNameWithoutExtension(jar)["kafka-clients-".Length..];
    }
}
