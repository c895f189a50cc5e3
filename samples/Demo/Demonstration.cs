using Sidecar.Demo.Cluster;
using Sidecar.Demo.Narration;
using Sidecar.Demo.Processes;
using Sidecar.Demo.Tally;

namespace Sidecar.Demo;

/// <summary>The line of the demo, in the order in which it is set up.</summary>
internal sealed class Demonstration : IAsyncDisposable
{
    private const int EventsPerOrder = 5;
    private const int FailEvery = 50;
    private const int RollbackEvery = 25;

    /// <summary>Without one step forward for this long, something is wrong.</summary>
    private static readonly TimeSpan PatienceTime = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan ReportTime = TimeSpan.FromSeconds(1);

    private readonly DemoOptions _options;
    private readonly Programs _programs;
    private readonly Narrator _narrator;
    private readonly Ledger _ledger = new();
    private readonly Statements _statements;
    private readonly Loopback _loopback = new();
    private readonly Stack<Child> _children = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("sidecar-demo-").FullName;

    public Demonstration(DemoOptions options, Programs programs, Narrator narrator)
    {
        _options = options;
        _programs = programs;
        _narrator = narrator;
        _statements = new Statements(_ledger, narrator);
    }

    private string Database => Path.Combine(_folder, "orders.db");

    /// <returns>Whether the table is right.</returns>
    /// <exception cref="DemoFailedException">Something did not start, ended, or stood still.</exception>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        _narrator.Title("From a database transaction to a gRPC method");

        // 1: Kafka, and a reader of our own to see what it holds
        await using var kafka = await StartKafkaAsync();
        using var reader = new TopicReader(kafka, _ledger);
        _narrator.Step(1, "Kafka", kafka.Description, $"topic {kafka.Topic}, {reader.Partitions} partitions");

        // 2: the outbox table, in the database of the producer
        await RunToEndAsync(
            _programs.OutboxRelay, ["init", "--apply", "--sqlite", Database], onLine: null, cancellationToken);
        _narrator.Step(2, "outbox", $"a table in {Database}", "outbox-relay init --apply");

        // 3, 4, 5: consumer, agent and relay, each a process
        var appPort = Loopback.FreePort();
        await StartConsumerAsync(appPort, cancellationToken);
        var agentPort = await StartAgentAsync(kafka, appPort, cancellationToken);
        var relayPort = await StartRelayAsync(kafka, cancellationToken);

        // 6: the producer writes; everything else follows by itself
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = reader.FollowAsync(reading.Token);
        _narrator.Step(
            6, "producer", $"writes {_options.Orders} orders, {EventsPerOrder} events each, one transaction for each",
            $"every {RollbackEvery}th transaction is rolled back first, on purpose");
        _narrator.Say("");
        await Task.WhenAll(ProduceAsync(kafka, cancellationToken), ReportUntilDeliveredAsync(cancellationToken));
        await reading.CancelAsync();
        await following;

        if (!_options.Keep)
        {
            // Ended before the count, so that nothing can arrive after it.
            await StopChildrenAsync();
        }

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(PatienceTime);
        reader.ReadToEnd(bound.Token);
        var sums = _ledger.Sum();
        _narrator.Table(sums);
        if (_options.Keep)
        {
            await KeepAsync(kafka, (appPort, agentPort, relayPort), cancellationToken);
        }

        return sums.AreRight;
    }

    public async ValueTask DisposeAsync()
    {
        await StopChildrenAsync();
        _loopback.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<IDemoKafka> StartKafkaAsync() =>
        Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP_SERVERS") is { Length: > 0 } servers
            ? await GivenKafka.StartAsync(servers, _options.Keep)
            : new MockKafka();

    private async Task StartConsumerAsync(int port, CancellationToken cancellationToken)
    {
        var consumer = Start(
            _programs.Consumer,
            ["--address", $"127.0.0.1:{port}", "--fail-every", $"{FailEvery}", "--output", "json"],
            environment: [],
            _statements.OfConsumer);
        await _loopback.AcceptsAsync(consumer, port, cancellationToken);
        _narrator.Step(
            3, "consumer", $"gRPC on 127.0.0.1:{port}, one method",
            $"fails its first attempt at one event in {FailEvery}, on purpose");
    }

    private async Task<int> StartAgentAsync(IDemoKafka kafka, int appPort, CancellationToken cancellationToken)
    {
        var annotations = Path.Combine(_folder, "annotations");
        var subscription = $"{kafka.Topic}; attempts=8";
        AnnotationsFile.Write(annotations, new Dictionary<string, string>
        {
            ["kubectl.kubernetes.io/default-container"] = "orders",
            ["sidecar.events/app-address"] = $"127.0.0.1:{appPort}",
            ["sidecar.events/subscription.orders"] = subscription,
        });
        var port = Loopback.FreePort();
        var agent = Start(_programs.Agent, ["run", "--annotations", annotations], new()
        {
            ["SIDECAR_SERVICE"] = kafka.Service,
            ["SIDECAR_NAMESPACE"] = "demo",
            ["SIDECAR_BOOTSTRAP_SERVERS"] = kafka.BootstrapServers,
            ["SIDECAR_METRICS_PORT"] = $"{port}",
            ["SIDECAR_ADMIN_PORT"] = "0",
        });
        await _loopback.AnswersHttpAsync(agent, new Uri($"http://127.0.0.1:{port}/livez"), cancellationToken);
        _narrator.Step(
            4, "agent", "Kafka to the consumer", $"annotation  sidecar.events/subscription.orders: {subscription}");
        return port;
    }

    private async Task<int> StartRelayAsync(IDemoKafka kafka, CancellationToken cancellationToken)
    {
        var port = Loopback.FreePort();
        var relay = Start(
            _programs.OutboxRelay,
            ["run", "--sqlite", Database, "--bootstrap-servers", kafka.BootstrapServers, "--metrics-port", $"{port}"],
            environment: []);
        await _loopback.AnswersHttpAsync(relay, new Uri($"http://127.0.0.1:{port}/livez"), cancellationToken);
        _narrator.Step(5, "relay", "the outbox table to Kafka");
        return port;
    }

    private Task ProduceAsync(IDemoKafka kafka, CancellationToken cancellationToken) => RunToEndAsync(
        _programs.Producer,
        [
            "--database", Database, "--orders", $"{_options.Orders}", "--events", $"{EventsPerOrder}",
            "--rollback-every", $"{RollbackEvery}", "--topic", kafka.Topic, "--output", "json",
        ],
        _statements.OfProducer,
        cancellationToken);

    private async Task ReportUntilDeliveredAsync(CancellationToken cancellationToken)
    {
        var wanted = _options.Orders * EventsPerOrder;
        using var timer = new PeriodicTimer(ReportTime, TimeProvider.System);
        var (shown, movedAt) = (_ledger.Sum(), TimeProvider.System.GetTimestamp());
        while (shown.Delivered < wanted || shown.InKafka < wanted)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
            foreach (var child in _children)
            {
                child.ThrowIfEnded();
            }

            var now = _ledger.Sum();
            if (now != shown)
            {
                (shown, movedAt) = (now, TimeProvider.System.GetTimestamp());
                _narrator.Progress(now);
            }
            else if (TimeProvider.System.GetElapsedTime(movedAt) > PatienceTime)
            {
                throw new DemoFailedException(
                    $"Nothing has moved for {PatienceTime.TotalSeconds:0} s: {now.Committed} committed, " +
                    $"{now.InKafka} in Kafka, {now.Delivered} delivered.\n" +
                    string.Join('\n', _children.Select(child => $"{child.Name} said last:\n{child.LastLines}")));
            }
        }
    }

    private async Task KeepAsync(
        IDemoKafka kafka, (int App, int Agent, int Relay) ports, CancellationToken cancellationToken)
    {
        _narrator.Say("");
        _narrator.Say("Everything is still running. Look at:");
        _narrator.Say($"  agent     http://127.0.0.1:{ports.Agent}/metrics   /readyz");
        _narrator.Say($"  relay     http://127.0.0.1:{ports.Relay}/metrics   /readyz");
        _narrator.Say($"  consumer  127.0.0.1:{ports.App} (gRPC)");
        _narrator.Say($"  Kafka     {kafka.BootstrapServers}, topic {kafka.Topic}, group demo.{kafka.Service}");
        _narrator.Say($"  database  {Database}");
        _narrator.Say("Ctrl-C ends it.");
        var stop = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        await Task.WhenAny(_children.Select(child => (Task)child.Exit).Append(stop));
        foreach (var child in _children.Where(_ => !cancellationToken.IsCancellationRequested))
        {
            child.ThrowIfEnded();
        }
    }

    private async Task RunToEndAsync(
        ProgramCommand program, string[] arguments, Action<string>? onLine, CancellationToken cancellationToken)
    {
        var child = Child.Start(program, arguments, new Dictionary<string, string>(), onLine);
        try
        {
            if (await child.Exit.WaitAsync(cancellationToken) is var code and not 0)
            {
                throw new DemoFailedException(
                    $"{child.Name} ended with exit code {code}. It said last:\n{child.LastLines}");
            }
        }
        finally
        {
            await child.StopAsync();
        }
    }

    private Child Start(
        ProgramCommand program,
        string[] arguments,
        Dictionary<string, string> environment,
        Action<string>? onLine = null)
    {
        var child = Child.Start(program, arguments, environment, onLine);
        _children.Push(child);
        return child;
    }

    /// <summary>The last that was started first: the relay, the agent, and then the consumer that it calls.</summary>
    private async Task StopChildrenAsync()
    {
        while (_children.TryPop(out var child))
        {
            await child.StopAsync();
        }
    }
}
