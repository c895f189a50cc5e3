using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
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
    private readonly Lines lines;
    private readonly ConsumeLoop loop;

    /// <param name="resolved">What is in force.</param>
    /// <param name="keyring">The credentials for Kafka.</param>
    /// <param name="telemetry">Who is told what happens.</param>
    public Pipeline(ResolvedConfiguration resolved, Keyring keyring, AgentTelemetry telemetry)
    {
        var options = resolved.Options;
        var kafka = new KafkaConnection(options.Source, keyring);
        var letters = new Lazy<DeadLetterProducer>(() => new DeadLetterProducer(
            KafkaProducer.Properties(options.Source.BootstrapServers, options.Source.Properties), keyring));
        var parts = new LineParts(kafka, new BufferBudget(options.Source.MaxBufferBytes), letters, Deliveries, telemetry);
        lines = new Lines(parts, options.Subscriptions, said => ClientRefusal.Explain(said, resolved));
        loop = new ConsumeLoop(kafka, options.Commit, new TopicRoutes(lines.Routes), telemetry);
        Desk = new OperatorDesk(options.Source.Group, telemetry.Waits);
        lines.Join(loop, Desk);
    }

    /// <summary>The attempts under way, whose deadlines may be moved.</summary>
    public DeliveryIds Deliveries { get; } = new();

    /// <summary>What a person sees of it and does with it.</summary>
    public OperatorDesk Desk { get; }

    /// <summary>
    /// Runs until <paramref name="stop"/> is set, then drains, commits and leaves the group. Throws when a loop ends that
    /// must not end: that is a bug or an impossible environment, and the end of the process.
    /// </summary>
    /// <param name="beside">What runs beside it, may call <see cref="SteerAsync"/>, and ends when it is told to stop.</param>
    /// <param name="stop">Told to stop.</param>
    public async Task RunAsync(Func<CancellationToken, Task> beside, CancellationToken stop)
    {
        lines.Start();
        loop.Start();
        var tending = beside(stop);
        using (stop.Register(loop.Stop))
        {
            var watched = lines.WatchAsync(tending, () => stop.IsCancellationRequested);
            var first = await Task.WhenAny(loop.Completion, lines.Broken);
            if (first != loop.Completion)
            {
                await first;
            }

            await loop.Completion;
            await watched;
        }

        await lines.StopAsync();
    }

    /// <summary>
    /// Brings the subscriptions a step nearer to those that are wanted, without waiting for Kafka or an application. One caller
    /// at a time, while <see cref="RunAsync"/> runs. Null, or why a new subscription cannot be.
    /// </summary>
    public Task<string?> SteerAsync(IReadOnlyList<SubscriptionOptions> wanted) => lines.SteerAsync(wanted);

    /// <summary>
    /// Finishes what is in flight, commits and leaves the group, while <see cref="RunAsync"/> goes on. The task ends when that
    /// is done.
    /// </summary>
    public Task DrainAsync() => loop.DrainAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        loop.Dispose();
        await lines.DisposeAsync();
    }
}
