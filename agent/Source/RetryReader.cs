using System.Collections.Concurrent;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Telemetry;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Source;

/// <summary>
/// Reads the retry topics of one subscription, on a thread and a client of its own that is in no group: whoever owns a
/// partition of the source reads the partitions of the same number here. First each is read to its end, to learn what
/// waits; then again, and each record goes to the dispatcher when it is due. What is done is committed by the consume
/// thread, with the source's offsets.
/// </summary>
internal sealed class RetryReader : IDisposable
{
    /// <summary>Records taken between two turns of steering.</summary>
    private const int BurstRecords = 256;

    /// <summary>The longest wait for a record: what is due, and partitions that come and go, are looked at between.</summary>
    private const int PollMs = 50;

    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Time between two tries to find the topics and their positions.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);

    private readonly RetryRoute route;
    private readonly Dispatcher dispatcher;
    private readonly AgentTelemetry telemetry;
    private readonly ILogger logger;
    private readonly KafkaConsumer consumer;
    private readonly StartPositions positions;
    private readonly ConcurrentQueue<(PartitionWorker Source, bool IsOurs)> requests = new();
    private readonly Dictionary<TopicPartition, RetryPartition> partitions = [];
    private readonly List<PartitionWorker> opening = [];
    private readonly RetryIntake intake;
    private readonly RetryFlow flow;
    private readonly SharedWait wait;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan nextTry;
    private volatile bool stopping;

    /// <param name="route">The retry topics.</param>
    /// <param name="dispatcher">Who takes what is due.</param>
    /// <param name="letters">Who keeps records that are not ours; null: nobody, and their partition stands.</param>
    /// <param name="kafka">What the Kafka client is made with.</param>
    /// <param name="telemetry">Who is told what happens.</param>
    public RetryReader(
        RetryRoute route, Dispatcher dispatcher, DeadLetterWriter? letters, KafkaConnection kafka, AgentTelemetry telemetry)
    {
        this.route = route;
        this.dispatcher = dispatcher;
        this.telemetry = telemetry;
        logger = telemetry.Log<RetryReader>();
        wait = new SharedWait(telemetry.Waits, $"retries:{route.Subscription}");
        intake = new RetryIntake(route, dispatcher, letters, logger);
        consumer = new KafkaConsumer(
            kafka.Keyring, credentials => ConsumerFactory.BuildReader(kafka.Options, credentials, logger));
        positions = new StartPositions(consumer, telemetry.Log<StartPositions>(), RequestTimeout);
        flow = new RetryFlow(consumer, dispatcher);
    }

    /// <summary>Ends when the thread has ended, or with the failure that ended it.</summary>
    public Task Completion => ended.Task;

    /// <summary>Starts the thread, once.</summary>
    public void Start() => new Thread(Run) { IsBackground = true, Name = $"retries-{route.Subscription}" }.Start();

    /// <summary>Ends the thread.</summary>
    public void Stop() => stopping = true;

    /// <summary>A partition of the source is ours: nothing of it is delivered until what waits is known. Any thread.</summary>
    public void Add(PartitionWorker source) => requests.Enqueue((source, true));

    /// <summary>A partition of the source is no longer ours. Any thread.</summary>
    public void Remove(PartitionWorker source) => requests.Enqueue((source, false));

    public void Dispose()
    {
        if (ended.Task.IsCompletedSuccessfully)
        {
            consumer.Leave();
            consumer.Dispose();
        }
    }

    private void Run()
    {
        try
        {
            while (!stopping)
            {
                ServeRequests();
                Open();
                for (var taken = 0; taken < BurstRecords && Take(taken == 0 ? PollMs : 0); taken++)
                {
                }

                intake.LetGoWhatIsDue(telemetry.Time.GetUtcNow().ToUnixTimeMilliseconds());
                flow.Steer(partitions.Values);
                consumer.TakePassword();
            }

            ended.SetResult();
        }
        catch (Exception error)
        {
            // The reader's owner learns of it through Completion, and ends the process.
            ended.SetException(error);
        }
    }

    private void ServeRequests()
    {
        while (requests.TryDequeue(out var request))
        {
            if (request.IsOurs)
            {
                opening.Add(request.Source);
                nextTry = default;
                continue;
            }

            opening.Remove(request.Source);
            foreach (var partition in partitions.Values.Where(partition => partition.Source == request.Source).ToList())
            {
                partitions.Remove(partition.Key);
                wait.GiveUp(partition);
                flow.LetGo(partition);
            }

            consumer.AssignmentChanged();
            wait.GiveUp(request.Source);
            intake.Forget(request.Source);
        }
    }

    /// <summary>Opens the retry partitions of source partitions that have become ours, as soon as that can be done.</summary>
    private void Open()
    {
        var now = telemetry.Time.GetElapsedTime(0);
        if (opening.Count == 0 || now < nextTry)
        {
            return;
        }

        nextTry = now + RetryPause;

        // Each time: another agent, of a later configuration, may have put events into a topic that was not there before.
        var problem = RetryTopics.Find(consumer, route, RequestTimeout, out var topics) ?? OpenAll(topics);
        if (problem is null)
        {
            wait.Over();
        }
        else
        {
            var reason = $"{problem}. Until then nothing of the subscription {route.Subscription} is delivered";
            opening.ForEach(source => wait.For(source, reason));
        }
    }

    /// <summary>
    /// All positions are asked for before anything is read: behind a fetch a broker answers each question half a second late.
    /// </summary>
    private string? OpenAll(List<RetryTopic> topics)
    {
        if (opening.Exists(source => topics.Exists(topic => topic.IsConfigured && topic.Partitions <= source.Partition)))
        {
            // The source has got more partitions since it was looked at.
            return $"the topic {route.Source} has more partitions than its retry topics";
        }

        var wanted = opening.ToDictionary(source => source, source => Wanted(topics, source));
        if (!positions.TryFind([.. wanted.Values.SelectMany(one => one.Keys)], _ => StartAt.Earliest, out var found, out var reason))
        {
            return $"the group's offsets in the retry topics cannot be read: {reason}";
        }

        opening.Clear();
        foreach (var (source, keys) in wanted)
        {
            Open(source, keys, found);
        }

        return null;
    }

    private Dictionary<TopicPartition, TimeSpan> Wanted(List<RetryTopic> topics, PartitionWorker source) => topics
        .Where(topic => topic.Partitions > source.Partition)
        .ToDictionary(topic => new TopicPartition(topic.Name, source.Partition), topic => topic.Delay);

    private void Open(PartitionWorker source, Dictionary<TopicPartition, TimeSpan> keys, Dictionary<TopicPartition, StartPosition> found)
    {
        foreach (var (key, delay) in keys)
        {
            var start = found[key];
            if (dispatcher.Retries.Open(source, key.Topic, new PartitionTracker(start.Offset, start.Done)) is not { } worker)
            {
                return;
            }

            partitions[key] = new RetryPartition(key, delay, start, source, worker);
            consumer.Assign(new TopicPartitionOffset(key, start.Offset));
        }
    }

    private bool Take(int timeoutMs)
    {
        var polled = consumer.Poll(timeoutMs);
        switch (polled)
        {
            case Polled.Record:
                var raw = consumer.Record!;
                if (partitions.TryGetValue(new TopicPartition(raw.Position.Topic, raw.Position.Partition), out var partition))
                {
                    WasRead(partition);
                    intake.Read(partition, raw, consumer.LeaderEpoch);
                }
                else
                {
                    raw.Release();
                }

                break;
            case Polled.Report:
                Reported(consumer.Report);
                break;
            case Polled.Nothing:
                break;
        }

        return polled != Polled.Nothing;
    }

    private void Reported(ClientReport report)
    {
        if (!partitions.TryGetValue(new TopicPartition(report.Topic, report.Partition), out var partition))
        {
            return;
        }

        switch (report.Code)
        {
            case ErrorCode.Local_PartitionEOF:
                WasRead(partition);
                Scanned(partition);
                break;
            case ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange:
                intake.Stand(partition, $"retry_offset_out_of_range: the committed offset of {partition.Key.Topic} is no longer in Kafka "
                    + "(retention or truncation): what waited there is lost. Reset the group's offset there by hand to go on");
                break;
            case ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition:
                Refused(partition, $"the topic {partition.Key.Topic} does not exist any more. Create it, and restart the agent");
                break;
            case ErrorCode.TopicAuthorizationFailed:
                Refused(partition, $"not authorized for the topic {partition.Key.Topic}. Grant Read and Describe to this principal");
                break;
            default:
                break;
        }
    }

    private void Refused(RetryPartition partition, string reason)
    {
        partition.IsRefused = true;
        wait.For(partition, reason);
    }

    private void WasRead(RetryPartition partition)
    {
        if (partition.IsRefused)
        {
            partition.IsRefused = false;
            wait.GiveUp(partition);
        }
    }

    /// <summary>What waits in a partition is known: the first time it is read again from where it stands.</summary>
    private void Scanned(RetryPartition partition)
    {
        if (partition.IsScanned)
        {
            return;
        }

        partition.IsScanned = true;
        consumer.Unassign(partition.Key);
        consumer.Assign(new TopicPartitionOffset(partition.Key, partition.Start.Offset));
        if (partitions.Values.Where(other => other.Source == partition.Source).All(other => other.IsScanned))
        {
            dispatcher.Retries.Known(partition.Source);
            var (events, keys) = dispatcher.Retries.Waiting(partition.Source);
            Log.RetriesKnown(logger, partition.Source.Topic, partition.Source.Partition, events, keys);
        }
    }
}
