using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Health;
using Sidecar.Agent.Operating;
using Sidecar.Agent.Source;
using Sidecar.Agent.Subscriptions;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent;

/// <summary>What the subscriptions of a process share.</summary>
/// <param name="Kafka">How Kafka is reached.</param>
/// <param name="Budget">The memory for records.</param>
/// <param name="Letters">Writes dead letters and resends; made when the first subscription needs it.</param>
/// <param name="Deliveries">The attempts under way.</param>
/// <param name="Telemetry">Who is told what happens.</param>
internal sealed record LineParts(
    KafkaConnection Kafka, BufferBudget Budget, Lazy<DeadLetterProducer> Letters, DeliveryIds Deliveries, AgentTelemetry Telemetry);

/// <summary>The stages of one subscription, numbered as in <see cref="Pipeline"/>.</summary>
internal sealed class Line : IAsyncDisposable
{
    private readonly LineParts parts;
    private readonly CancellationTokenSource stopping = new();
    private readonly Dispatcher dispatcher;
    private readonly GrpcDeliveryClient client;
    private readonly Deliverer deliverer;
    private readonly PauseSwitch pause;
    private readonly DeadLetterWriter? letters;
    private readonly ResendWriter? resends;
    private readonly RetryReader? retries;
    private volatile bool isLeaving;

    public Line(SubscriptionOptions options, LineParts parts)
    {
        Options = options;
        this.parts = parts;
        var telemetry = parts.Telemetry;
        var metrics = new DeliveryMetrics(telemetry.Metrics, options.Name);
        var report = new DeliveryReport(telemetry.Log<DeliveryReport>(), metrics, telemetry.Waits, options.Delivery.AppAddress);

        // (2) and (6): a ledger is made for each partition when it is assigned, and lives in the dispatcher's workers.
        dispatcher = new Dispatcher(options.Dispatch, options.Delivery, parts.Budget, telemetry.Time, new Random());    // (3)
        pause = new PauseSwitch(options.Name, dispatcher.Control, telemetry);
        client = new GrpcDeliveryClient(options.Delivery, options.Name, telemetry.Time)   // (5)
        {
            Deadlines = parts.Deliveries,
        };
        letters = options.Delivery.WritesLetters ? NewLetters() : null;   // (5), its other end
        if (options.Dispatch.Retries.Count > 0)
        {
            var names = new RetryTopicNames(parts.Kafka.Options.Group, options.Name);
            var resent = new ResendReport(telemetry.Log<ResendReport>(), telemetry.Metrics, telemetry.Waits, options.Name);
            resends = new ResendWriter(dispatcher, parts.Letters.Value, names, resent, telemetry.Time);   // (5), its way round
            retries = NewReader(names);   // (1), of the way round
        }

        deliverer = new Deliverer(dispatcher, client, metrics, report, telemetry.Time)   // (4)
        {
            DeadLetters = letters, Ids = parts.Deliveries,
        };
        Route = new TopicRoute(options.Name, options.Topics, options.Start, dispatcher) { Retries = retries };          // (1)
    }

    /// <summary>What is in force for it.</summary>
    public SubscriptionOptions Options { get; }

    /// <summary>It is being let go: its loops may end.</summary>
    public bool IsLeaving
    {
        get => isLeaving;
        set => isLeaving = value;
    }

    /// <summary>What the consumer knows of it.</summary>
    public TopicRoute Route { get; private set; }

    /// <summary>What brings its application's health to it; null: nobody asks for that.</summary>
    public HealthReport? Health { get; private set; }

    /// <summary>Loops that end only when the line is stopped.</summary>
    public IEnumerable<Task> Loops => new[]
    {
        deliverer.Completion, letters?.Completion, resends?.Completion, retries?.Completion,
    }.OfType<Task>();

    /// <summary>Delivers only while the application is well.</summary>
    public void Heed(AppHealth health)
    {
        Health = new HealthReport(Options.Name, dispatcher.Control, parts.Telemetry);
        health.Add(Health);
        Route = Route with { Health = health };
    }

    /// <summary>As a person sees it.</summary>
    public SubscriptionDesk Desk(ConsumeLoop loop) => new(Route, Options.Delivery.AppAddress, pause, () => loop.Partitions);

    /// <summary>The pause by a person; null: there is none.</summary>
    public Pause? Commanded => pause.Commanded;

    /// <summary>Paused as the configuration says, and as a person said of the line that was here before.</summary>
    public void Hold(Pause? commanded)
    {
        pause.Configure(Options.Paused);
        if (commanded is not null)
        {
            pause.Halt(commanded.Who, commanded.Why);
        }
    }

    public void Start()
    {
        parts.Telemetry.Metrics.InFlightLimit.WithLabels(Options.Name).Set(Options.Dispatch.Concurrency);
        letters?.Start(stopping.Token);
        resends?.Start();
        retries?.Start();
        deliverer.Start(Options.Dispatch.Concurrency);
    }

    /// <summary>Takes over other values of fields that can change while it runs.</summary>
    public void Adjust(SubscriptionOptions wanted)
    {
        dispatcher.Adjust(() => ReloadPlan.Adjust(Options, wanted));
        pause.Configure(Options.Paused);
        deliverer.Start(Options.Dispatch.Concurrency);
    }

    /// <summary>Ends its loops; its partitions are gone, or the process ends.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        retries?.Stop();
        await (retries?.Completion ?? Task.CompletedTask);
        dispatcher.Stop();
        await deliverer.Completion;
        await (resends?.Completion ?? Task.CompletedTask);
        letters?.Stop();
        await (letters?.Completion ?? Task.CompletedTask);
    }

    public async ValueTask DisposeAsync()
    {
        retries?.Dispose();
        dispatcher.Dispose();
        await client.DisposeAsync();
        stopping.Dispose();
    }

    private RetryReader NewReader(RetryTopicNames names)
    {
        var route = new RetryRoute(Options.Name, Options.Topics[0], names, Options.Dispatch.Retries, Options.DeadLetter.CreateTopics);
        return new RetryReader(route, dispatcher, letters, parts.Kafka, parts.Telemetry);
    }

    private DeadLetterWriter NewLetters()
    {
        var telemetry = parts.Telemetry;
        var address = new LetterAddress(parts.Kafka.Options.Group, Options.Name, Options.DeadLetter.Topic);
        var report = new DeadLetterReport(telemetry.Log<DeadLetterReport>(), telemetry.Metrics, telemetry.Waits, address, telemetry.Time);
        return new DeadLetterWriter(dispatcher, parts.Letters.Value, address, report, telemetry.Time)
        {
            MayCreate = Options.DeadLetter.CreateTopics,
        };
    }
}
