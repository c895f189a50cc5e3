using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Health;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Operating;
using Sidecar.Agent.Source;
using Sidecar.Agent.Subscriptions;
using Sidecar.Agent.Telemetry;
using Sidecar.Credentials;

namespace Sidecar.Agent;

/// <summary>
/// THE LINE: builds the stages in their order, runs them, and stops them in order. One event goes one way; nothing calls
/// back up, what is further down is only ever read from above.
/// </summary>
/// <remarks>
/// <code>
///  Kafka --(1) ConsumeLoop            the only thread that touches the consumer: poll, hand over, steer, commit
///           |  Accept
///         (2) PartitionTracker        the ledger of one assigned partition: begun, done, committable
///           |
///         (3) Dispatcher              one event per key at a time, many keys at once; the gate
///           |  Take
///         (4) Deliverer               a slot: attempt, outcome, again
///           |
///         (5) GrpcDeliveryClient      one call to the application on this machine, with a deadline
///           |  Finish
///           |          or, at its end, DeadLetterWriter: the dead-letter topic has it
///           |          or, before that, ResendWriter: a retry topic has it, and RetryReader brings it back to (3) when due
///         (6) PartitionTracker        the event is done
///           .
///           .  read, never called
///           v
///         (7) OffsetCommitter         on the consume thread: the low-water mark and the ack map --> Kafka
/// </code>
/// </remarks>
public sealed class Pipeline : IAsyncDisposable
{
    private readonly List<Line> lines = [];
    private readonly Dictionary<HealthTarget, AppHealth> apps = [];
    private readonly ConsumeLoop loop;
    private readonly DeadLetterProducer? letters;
    private readonly AgentTelemetry telemetry;

    /// <param name="options">What is in force.</param>
    /// <param name="keyring">The credentials for Kafka.</param>
    /// <param name="telemetry">Who is told what happens.</param>
    public Pipeline(AgentOptions options, Keyring keyring, AgentTelemetry telemetry)
    {
        this.telemetry = telemetry;
        var kafka = new KafkaConnection(options.Source, keyring);
        var budget = new BufferBudget(options.Source.MaxBufferBytes);
        if (options.Subscriptions.Exists(s => Writes(s) || s.Dispatch.Retries.Count > 0))
        {
            letters = new DeadLetterProducer(
                KafkaProducer.Properties(options.Source.BootstrapServers, options.Source.Properties), keyring);
        }

        foreach (var subscription in options.Subscriptions)
        {
            var line = new Line(subscription, budget, telemetry, letters, (kafka, Deliveries));
            line.Heed(HealthOf(subscription), telemetry);
            lines.Add(line);
        }

        loop = new ConsumeLoop(kafka, options.Commit, new TopicRoutes([.. lines.Select(line => line.Route)]), telemetry);
        Desk = new OperatorDesk(options.Source.Group, [.. lines.Select(line => line.Desk(loop, telemetry))], telemetry.Waits);
    }

    /// <summary>The attempts under way, whose deadlines may be moved.</summary>
    public DeliveryIds Deliveries { get; } = new();

    /// <summary>What a person sees of it and does with it.</summary>
    public OperatorDesk Desk { get; }

    /// <summary>
    /// Runs until <paramref name="stop"/> is set, then drains, commits and leaves the group. Throws when a loop ends that
    /// must not end: that is a bug or an impossible environment, and the end of the process.
    /// </summary>
    public async Task RunAsync(CancellationToken stop)
    {
        foreach (var line in lines)
        {
            line.Start(telemetry, stop);
        }

        foreach (var app in apps.Values)
        {
            app.Start();
        }

        loop.Start();
        using (stop.Register(loop.Stop))
        {
            var others = lines.SelectMany(line => line.Loops).Concat(apps.Values.Select(app => app.Completion));
            var first = await Task.WhenAny([loop.Completion, .. others]);
            if (first != loop.Completion)
            {
                await first;
                throw new InvalidOperationException("A delivery loop has ended while the agent was running.");
            }
        }

        await loop.Completion;
        foreach (var line in lines)
        {
            await line.StopAsync();
        }

        foreach (var app in apps.Values)
        {
            await app.StopAsync();
        }
    }

    /// <summary>
    /// Finishes what is in flight, commits and leaves the group, while <see cref="RunAsync"/> goes on. The task ends when that
    /// is done.
    /// </summary>
    public Task DrainAsync() => loop.DrainAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        loop.Dispose();
        foreach (var line in lines)
        {
            await line.DisposeAsync();
        }

        foreach (var app in apps.Values)
        {
            app.Dispose();
        }

        letters?.Dispose();
    }

    /// <summary>One application is asked once, however many subscriptions deliver to it.</summary>
    private AppHealth? HealthOf(SubscriptionOptions subscription)
    {
        if (subscription.Health.Mode == HealthMode.Off)
        {
            return null;
        }

        var target = new HealthTarget(subscription.Delivery.AppAddress, subscription.Health);
        if (!apps.TryGetValue(target, out var health))
        {
            apps[target] = health = new AppHealth(target, telemetry);
        }

        return health;
    }

    private static bool Writes(SubscriptionOptions subscription) => subscription.Delivery.WritesLetters;

    /// <summary>The stages of one subscription.</summary>
    private sealed class Line : IAsyncDisposable
    {
        private readonly SubscriptionOptions subscription;
        private readonly Dispatcher dispatcher;
        private readonly GrpcDeliveryClient client;
        private readonly Deliverer deliverer;
        private readonly DeadLetterWriter? letters;
        private readonly ResendWriter? resends;
        private readonly RetryReader? retries;

        public Line(
            SubscriptionOptions subscription, BufferBudget budget, AgentTelemetry telemetry, DeadLetterProducer? producer,
            (KafkaConnection Kafka, DeliveryIds Deliveries) shared)
        {
            this.subscription = subscription;
            var metrics = new DeliveryMetrics(telemetry.Metrics, subscription.Name);
            var report = new DeliveryReport(
                telemetry.Log<DeliveryReport>(), metrics, telemetry.Waits, subscription.Delivery.AppAddress);

            // (2) and (6): a ledger is made for each partition when it is assigned, and lives in the dispatcher's workers.
            dispatcher = new Dispatcher(                                                                       // (3)
                subscription.Dispatch, subscription.Delivery, budget, telemetry.Time, new Random());
            client = new GrpcDeliveryClient(subscription.Delivery, subscription.Name, telemetry.Time)          // (5)
            {
                Deadlines = shared.Deliveries,
            };
            letters = Writes(subscription) ? Letters(producer!, shared.Kafka.Options.Group, telemetry) : null;        // (5), its other end
            if (subscription.Dispatch.Retries.Count > 0)
            {
                var names = new RetryTopicNames(shared.Kafka.Options.Group, subscription.Name);
                var resent = new ResendReport(telemetry.Log<ResendReport>(), telemetry.Metrics, telemetry.Waits, subscription.Name);
                resends = new ResendWriter(dispatcher, producer!, names, resent, telemetry.Time);              // (5), its way round
                retries = Reader(names, shared.Kafka, telemetry);                                             // (1), of the way round
            }

            deliverer = new Deliverer(dispatcher, client, metrics, report, telemetry.Time)                     // (4)
            {
                DeadLetters = letters, Ids = shared.Deliveries,
            };
            Route = new TopicRoute(subscription.Name, subscription.Topics, subscription.Start, dispatcher)     // (1)
            {
                Retries = retries,
            };
        }

        /// <summary>Loops that end only when the line is stopped.</summary>
        public IEnumerable<Task> Loops => new[]
        {
            deliverer.Completion, letters?.Completion, resends?.Completion, retries?.Completion,
        }.OfType<Task>();

        public TopicRoute Route { get; private set; }

        /// <summary>Delivers only while the application is well.</summary>
        public void Heed(AppHealth? health, AgentTelemetry telemetry)
        {
            health?.Add(new HealthReport(subscription.Name, dispatcher.Control, telemetry));
            Route = Route with { Health = health };
        }

        /// <summary>As a person sees it; paused, if the configuration says so.</summary>
        public SubscriptionDesk Desk(ConsumeLoop loop, AgentTelemetry telemetry)
        {
            var pause = new PauseSwitch(subscription.Name, dispatcher.Control, telemetry);
            pause.Configure(subscription.Paused);
            return new SubscriptionDesk(Route, subscription.Delivery.AppAddress, pause, () => loop.Partitions);
        }

        public void Start(AgentTelemetry telemetry, CancellationToken stop)
        {
            telemetry.Metrics.InFlightLimit.WithLabels(subscription.Name).Set(subscription.Dispatch.Concurrency);
            letters?.Start(stop);
            resends?.Start();
            retries?.Start();
            deliverer.Start(subscription.Dispatch.Concurrency);
        }

        public async Task StopAsync()
        {
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
        }

        private RetryReader Reader(RetryTopicNames names, KafkaConnection kafka, AgentTelemetry telemetry)
        {
            var route = new RetryRoute(
                subscription.Name, subscription.Topics[0], names, subscription.Dispatch.Retries, subscription.DeadLetter.CreateTopics);
            return new RetryReader(route, dispatcher, letters, kafka, telemetry);
        }

        private DeadLetterWriter Letters(DeadLetterProducer producer, string group, AgentTelemetry telemetry)
        {
            var address = new LetterAddress(group, subscription.Name, subscription.DeadLetter.Topic);
            var report = new DeadLetterReport(telemetry.Log<DeadLetterReport>(), telemetry.Metrics, telemetry.Waits, address);
            return new DeadLetterWriter(dispatcher, producer, address, report, telemetry.Time)
            {
                MayCreate = subscription.DeadLetter.CreateTopics,
            };
        }
    }
}
