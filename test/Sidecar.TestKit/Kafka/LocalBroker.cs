using System.Diagnostics;
using System.Net.Sockets;
using Sidecar.TestKit.Processes;

namespace Sidecar.TestKit.Kafka;

/// <summary>Where one broker listens, and the controllers that it votes with.</summary>
internal sealed record BrokerAddress(int Id, int Port, int ControllerPort, string Voters);

/// <summary>One broker process of a <see cref="LocalKafka"/>: its folder, its configuration, its log.</summary>
internal sealed class LocalBroker : IAsyncDisposable
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(30);

    private readonly string home;
    private readonly string folder;
    private readonly LocalKafkaOptions options;
    private readonly BrokerAddress address;
    private Process? process;

    public LocalBroker(string home, string folder, LocalKafkaOptions options, BrokerAddress address)
    {
        this.home = home;
        this.folder = folder;
        this.options = options;
        this.address = address;
        Directory.CreateDirectory(folder);
        File.WriteAllLines(PropertiesFile, [.. Properties(), .. options.Properties]);
    }

    public string Address => $"{options.Host}:{address.Port}";

    public bool IsRunning => process is { HasExited: false };

    public int ProcessId => process?.Id ?? throw new InvalidOperationException($"broker {address.Id} was not started");

    private string PropertiesFile => Path.Combine(folder, "server.properties");

    private string LogFile => Path.Combine(folder, "log");

    public async Task FormatAsync(string clusterId)
    {
        using var format = Run("kafka-storage.sh", "-Xmx128M", "format", "-t", clusterId, "-c", PropertiesFile);
        await format.WaitForExitAsync();
        if (format.ExitCode != 0) throw new InvalidOperationException(Explain("could not be formatted"));
    }

    public void Start()
    {
        if (IsRunning) throw new InvalidOperationException($"broker {address.Id} runs already");
        process?.Dispose();
        process = Run("kafka-server-start.sh", $"-Xms64M -Xmx{options.HeapMegabytes}M", PropertiesFile);
    }

    public void Send(Signal signal) => Signals.Send(ProcessId, signal);

    public async Task EndAsync(Signal signal)
    {
        Send(signal);
        using var timeout = new CancellationTokenSource(EndTimeout, TimeProvider.System);
        await process!.WaitForExitAsync(timeout.Token);
    }

    public void Kill()
    {
        if (IsRunning) process!.Kill();
    }

    /// <summary>Waits until it takes connections; false when it ended instead, or the time was up.</summary>
    public async Task<bool> ListensAsync(TimeSpan timeout)
    {
        var listens = false;
        await Until.SettledAsync(() => !IsRunning || (listens = TakesConnections()), timeout);
        return listens;
    }

    public string Explain(string what) =>
        $"broker {address.Id} {what}; the end of its log:\n{string.Join('\n', File.ReadLines(LogFile).TakeLast(8))}";

    public async ValueTask DisposeAsync()
    {
        if (process is null) return;
        if (IsRunning) await EndAsync(Signal.Kill);
        process.Dispose();
    }

    private bool TakesConnections()
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(options.Host, address.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // The scripts replace themselves by the Java process, so the id that we hold is the broker's own.
    private Process Run(string script, string heap, params string[] arguments)
    {
        const string IntoLog = "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null";
        string[] line = ["-c", IntoLog, "sh", LogFile, Path.Combine(home, "bin", script), .. arguments];
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = folder };
        foreach (var argument in line) start.ArgumentList.Add(argument);
        start.Environment["KAFKA_HEAP_OPTS"] = heap;
        start.Environment["KAFKA_JVM_PERFORMANCE_OPTS"] =
            "-XX:+UseSerialGC -Xshare:auto" + (options.QuickStart ? " -XX:TieredStopAtLevel=1" : "");
        start.Environment["LOG_DIR"] = folder;
        return Process.Start(start) ?? throw new InvalidOperationException($"{script} did not start");
    }

    private IEnumerable<string> Properties()
    {
        var replicas = Math.Min(options.Brokers, 3);
        var inSync = options.Brokers < 3 ? 1 : 2;
        var more = string.Concat(options.Listeners.Select(listener => $",{listener}"));
        return
        [
            "process.roles=broker,controller",
            $"node.id={address.Id}",
            $"controller.quorum.voters={address.Voters}",
            $"listeners=PLAINTEXT://{options.Host}:{address.Port},CONTROLLER://127.0.0.1:{address.ControllerPort}{more}",
            $"advertised.listeners=PLAINTEXT://{options.Host}:{address.Port}{more}",
            "inter.broker.listener.name=PLAINTEXT",
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,"
                + "SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
            $"log.dirs={Path.Combine(folder, "data")}",
            "num.partitions=4",
            $"default.replication.factor={replicas}",
            $"min.insync.replicas={inSync}",
            "offsets.topic.num.partitions=4",
            $"offsets.topic.replication.factor={replicas}",
            "transaction.state.log.num.partitions=4",
            $"transaction.state.log.replication.factor={replicas}",
            $"transaction.state.log.min.isr={inSync}",
            // A broker that died gives up its leaderships within seconds.
            "broker.session.timeout.ms=4000",
            "broker.heartbeat.interval.ms=500",
            "group.initial.rebalance.delay.ms=0",
            "group.min.session.timeout.ms=1000",
            "group.consumer.min.session.timeout.ms=1000",
            "group.consumer.min.heartbeat.interval.ms=100",
        ];
    }
}
