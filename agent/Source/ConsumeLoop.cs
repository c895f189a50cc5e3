using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Sidecar.Agent.Commit;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Source;

/// <summary>
/// Stage 1: the only thread that touches the consumer. It polls, hands over, steers and commits, in turns; every callback
/// of the client runs on it, within a poll.
/// </summary>
/// <remarks>
/// Invariants: it never waits for Kafka or the application without a limit, except for the committed offsets of a new
/// assignment, without which nothing can begin; it polls on while partitions are paused and while the agent drains.
/// </remarks>
internal sealed class ConsumeLoop : IConsumerHandlers, IDisposable
{
    /// <summary>Records taken between two turns of steering and committing.</summary>
    private const int BurstRecords = 512;

    /// <summary>The longest wait for a record while the loop ends.</summary>
    private const int LeavingPollMs = 5;

    /// <summary>Time between two signs of life of a loop that has drained.</summary>
    private static readonly TimeSpan DrainedBeat = TimeSpan.FromSeconds(1);

    /// <summary>How long a request to Kafka may take that the loop waits for.</summary>
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);

    private readonly SourceOptions options;
    private readonly AgentTelemetry telemetry;
    private readonly ILogger logger;
    private readonly TopicRoutes routes;
    private readonly KafkaConsumer consumer;
    private readonly SourceReport report;
    private readonly OffsetCommitter committer;
    private readonly Assignment assignment;
    private readonly FlowControl flow;
    private readonly PartitionGauges gauges;
    private readonly TopicSearch topics;
    private readonly GroupExit exit;
    private readonly LoopOrders orders = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? failure;

    public ConsumeLoop(KafkaConnection kafka, CommitOptions commit, TopicRoutes routes, AgentTelemetry telemetry)
    {
        options = kafka.Options;
        this.routes = routes;
        this.telemetry = telemetry;
        logger = telemetry.Log<ConsumeLoop>();
        report = new SourceReport(telemetry, routes, options);
        consumer = new KafkaConsumer(kafka.Keyring, credentials => ConsumerFactory.Build(options, credentials, this, logger));
        var commits = new CommitReport(telemetry.Metrics, telemetry.Waits, telemetry.Time);
        committer = new OffsetCommitter(consumer, commit, commits, telemetry.Log<OffsetCommitter>(), telemetry.Time);
        var positions = new StartPositions(consumer, telemetry.Log<StartPositions>(), RequestTimeout);
        assignment = new Assignment(routes, positions, committer, report, options);
        flow = new FlowControl(consumer, report);
        gauges = new PartitionGauges(consumer, telemetry.Metrics, routes, telemetry.Time);
        var members = new Participation(consumer, report, options.LeaveAfter);
        Changes = new RouteChanges(routes, assignment, flow, members, report) { Patience = options.RevokeTimeout };
        topics = new TopicSearch(consumer, report);
        exit = new GroupExit(assignment, flow, committer, consumer, report);
    }

    /// <summary>Ends when the loop has ended: after <see cref="Stop"/>, or with the failure that ended it.</summary>
    public Task Completion => ended.Task;

    /// <summary>The partitions that are ours, as they were at most a second ago. Any thread may read.</summary>
    public IReadOnlyList<PartitionView> Partitions => gauges.Views;

    /// <summary>The subscriptions that come and go.</summary>
    public RouteChanges Changes { get; }

    /// <summary>Starts the thread, once.</summary>
    public void Start() => new Thread(Run) { IsBackground = true, Name = "consume-loop" }.Start();

    /// <summary>Asks the loop to drain, commit and leave; <see cref="Completion"/> tells when it has.</summary>
    public void Stop()
    {
        // First: what is assigned between the two must not be begun, since nobody would close it before the drain.
        assignment.Stop();
        orders.Stop();
    }

    /// <summary>
    /// Asks the loop to drain, commit and leave, and then to wait for <see cref="Stop"/> without taking part any more. The
    /// task ends when the group is left, or with the loop. Asking again changes nothing.
    /// </summary>
    public Task DrainAsync()
    {
        assignment.Stop();
        orders.Drain();
        return Task.WhenAny(orders.Drained, ended.Task);
    }

    /// <summary>
    /// Closes the client, if the loop has ended well. After a failure its state is not known, and closing it may never
    /// end; the process is about to.
    /// </summary>
    public void Dispose()
    {
        if (ended.Task.IsCompletedSuccessfully)
        {
            consumer.Dispose();
            assignment.Dispose();
            orders.Dispose();
        }
    }

    IEnumerable<TopicPartitionOffset> IConsumerHandlers.OnAssigned(List<TopicPartition> partitions) =>
        Guard(() => assignment.Assign(partitions)) ?? [];

    void IConsumerHandlers.OnRevoked(List<TopicPartitionOffset> partitions) => Guard(() => Gone(partitions, assignment.Revoke));

    void IConsumerHandlers.OnLost(List<TopicPartitionOffset> partitions) => Guard(() => Gone(partitions, assignment.Lose));

    void IConsumerHandlers.OnCommitted(CommittedOffsets offsets) => Guard(() =>
    {
        var failed = offsets.Offsets.FirstOrDefault(offset => offset.Error.IsError)?.Error;
        committer.Answered(offsets.Error.IsError ? offsets.Error : failed ?? offsets.Error);
        return true;
    });

    void IConsumerHandlers.OnError(Error error) => Guard(() =>
    {
        report.ClientError(error, consumer.Credentials);
        failure ??= error.IsFatal ? new KafkaException(error) : null;
        return true;
    });

    void IConsumerHandlers.OnLog(LogMessage message) => report.ClientLog(message);

    void IConsumerHandlers.OnStatistics(string json) => Guard(() =>
    {
        report.Connected(ConsumerFactory.ConnectedBrokers(json));
        return true;
    });

    private void Run()
    {
        try
        {
            report.Started();
            Changes.Steer();
            while (orders.IsInService && failure is null)
            {
                Turn();
            }

            if (failure is null)
            {
                Leave();
            }
        }
        catch (Exception error)
        {
            // The loop's owner learns of it through Completion, and ends the process.
            failure = error;
        }

        _ = failure is null ? ended.TrySetResult() : ended.TrySetException(failure);
    }

    private void Turn()
    {
        var wait = flow.PollMs(routes.Completed);
        for (var taken = 0; taken < BurstRecords && Take(wait); taken++)
        {
            wait = 0;
        }

        Steer();
    }

    /// <summary>Takes one record or report, if there is one.</summary>
    private bool Take(int timeoutMs)
    {
        var polled = consumer.Poll(timeoutMs);
        switch (polled)
        {
            case Polled.Record:
                HandOver();
                break;
            case Polled.Report:
                Reported(consumer.Report);
                break;
            case Polled.Nothing:
                break;
        }

        return polled != Polled.Nothing;
    }

    private void HandOver()
    {
        var record = consumer.Record!;
        var partition = assignment.Find(record.Position.Topic, record.Position.Partition);
        if (partition is null)
        {
            // A record that was on its way when its partition went: it is another owner's, and nothing may be noted of it.
            record.Release();
            return;
        }

        var accepted = partition.Dispatcher.Accept(partition.Worker, record, consumer.LeaderEpoch);
        gauges.Received(record.Position.Topic, accepted);
        if (accepted.FullReason is { } reason)
        {
            flow.Full(partition, reason);
        }
    }

    private void Reported(ClientReport what)
    {
        if (report.Reported(what) is { } reason && assignment.Find(what.Topic, what.Partition) is { } partition)
        {
            partition.Dispatcher.Stand(partition.Worker, reason);
            report.Stands(partition.Key, reason);
        }
    }

    /// <summary>What is done between two bursts of records.</summary>
    private void Steer()
    {
        telemetry.Heartbeat.Beat();
        Changes.Steer();
        flow.Resume(assignment.All);
        committer.Tick(assignment.All, routes.Completed);
        gauges.Tick(report.Now, assignment.All);
        topics.Tick(report.Now);
        if (consumer.TakePassword())
        {
            report.OtherPassword();
        }
    }

    private void Leave()
    {
        if (orders.IsDrain)
        {
            report.DrainsForGood();
        }

        exit.Run(options.DrainTimeout, () =>
        {
            Take(LeavingPollMs);
            telemetry.Heartbeat.Beat();
            committer.Tick(assignment.All, routes.Completed);
        });
        if (!orders.IsDrain)
        {
            return;
        }

        // The process must not end by itself: Kubernetes would start its container again, in the middle of the pod's end.
        report.Drained();
        orders.HasDrained();
        do
        {
            telemetry.Heartbeat.Beat();
        }
        while (!orders.WaitForStop(DrainedBeat));
    }

    /// <summary>Kafka takes partitions, or has taken them: either way the client remembers what is paused when they come back.</summary>
    private bool Gone(List<TopicPartitionOffset> partitions, Action<IReadOnlyCollection<TopicPartition>> letGo)
    {
        var gone = partitions.ConvertAll(partition => partition.TopicPartition);
        flow.Release(assignment.All.Where(partition => gone.Contains(partition.Key)));
        letGo(gone);
        consumer.AssignmentChanged();
        return true;
    }

    /// <summary>Callbacks come from native code: an exception must not leave them, it ends the loop instead.</summary>
    private T? Guard<T>(Func<T> callback)
    {
        try
        {
            return callback();
        }
        catch (Exception error)
        {
            failure ??= error;
            return default;
        }
    }
}
