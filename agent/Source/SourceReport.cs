using System.Collections.Frozen;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Prometheus;
using Sidecar.Agent.Commit;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Telemetry;
using Sidecar.Credentials;

namespace Sidecar.Agent.Source;

/// <summary>Says what the consumer meets: to the log, the metrics and the waits. On the consume thread.</summary>
internal sealed class SourceReport(AgentTelemetry telemetry, TopicRoutes routes, SourceOptions options)
{
    /// <summary>Kafka took partitions back.</summary>
    public const string Revoked = "revoked";

    /// <summary>Kafka had given them to someone else already.</summary>
    public const string Lost = "lost";

    /// <summary>The agent let them go itself.</summary>
    public const string LetGo = "left";

    private const string Given = "assigned";
    private const string Kafka = "kafka";
    private const string Group = "group";
    private const string Offsets = "committed-offsets";

    private readonly ILogger<SourceReport> logger = telemetry.Log<SourceReport>();
    private readonly AgentMetrics metrics = telemetry.Metrics;
    private readonly Waits waits = telemetry.Waits;
    private readonly BrokerTrouble trouble = new(options.Security);
    private readonly FrozenDictionary<string, Counter.Child> rebalances = new[] { Given, Revoked, Lost, LetGo }.ToFrozenDictionary(
        type => type, type => telemetry.Metrics.Rebalances.WithLabels(type));

    /// <summary>Monotonic time.</summary>
    public TimeSpan Now => telemetry.Time.GetElapsedTime(0);

    public void Started() => Log.Joining(
        logger, options.Group, string.Join(", ", routes.Topics), options.BootstrapServers);

    /// <summary>A subscription takes part in the group, or does not (any more).</summary>
    public void Participates(TopicRoute route, bool isIn, bool hasLeft, string reason)
    {
        metrics.Joined.WithLabels(route.Subscription).Set(isIn ? 1 : 0);
        if (isIn)
        {
            waits.Over(Join(route.Subscription));
            return;
        }

        waits.For(Join(route.Subscription), hasLeft
            ? $"its partitions were left to other pods (leave-after), since its application is not well: {reason}"
            : $"it joins the group when its application is well: {reason}");
    }

    /// <summary>The loop asks in vain; it is alive all the same.</summary>
    public void WaitsForOffsets(string? reason)
    {
        telemetry.Heartbeat.Beat();
        waits.For(Offsets, $"the group's offsets cannot be read: {reason}; asking again");
    }

    public void HasOffsets() => waits.Over(Offsets);

    /// <summary>What one rebalance brought; it may be nothing.</summary>
    public void Assigned(IReadOnlyDictionary<TopicPartition, StartPosition> partitions)
    {
        Count(Given, partitions.Count);
        foreach (var (partition, start) in partitions)
        {
            metrics.Assigned.WithLabels(SubscriptionOf(partition)).Inc();
            trouble.Over();
            waits.Over(Kafka);
            waits.Over(Group);
            waits.Over(Topic(partition.Topic));
            Log.Assigned(logger, partition.Topic, partition.Partition.Value, start.Offset, start.Done.Done.Count);
        }
    }

    /// <summary>What one rebalance, or the end, took; it may be nothing.</summary>
    public void Gone(IReadOnlyList<AssignedPartition> partitions, string why)
    {
        Count(why, partitions.Count);
        foreach (var partition in partitions)
        {
            var subscription = SubscriptionOf(partition.Key);
            metrics.Assigned.WithLabels(subscription).Dec();
            PartitionGauges.Remove(metrics, subscription, partition);
            Log.Gone(logger, partition.Key.Topic, partition.Key.Partition.Value, why, partition.Progress.Committable);
        }
    }

    public void CutShort(AssignedPartition partition, Progress progress) => Log.CutShort(
        logger, partition.Key.Topic, partition.Key.Partition.Value, progress.Open, progress.Committable);

    public void Paused(AssignedPartition partition, string reason)
    {
        metrics.Pauses.WithLabels(SubscriptionOf(partition.Key), reason).Inc();
        Log.Paused(logger, partition.Key.Topic, partition.Key.Partition.Value, reason);
    }

    /// <summary>The client is, or is not, connected to brokers.</summary>
    public void Connected(int brokers)
    {
        metrics.Brokers.Set(brokers);
        if (brokers > 0)
        {
            telemetry.Life.Connected();
            trouble.Over();
            waits.Over(Kafka);
        }
    }

    /// <summary>The client itself has a problem; it goes on trying.</summary>
    public void ClientError(Error error, KafkaCredentials credentials)
    {
        metrics.KafkaErrors.WithLabels(error.Code.ToString()).Inc();
        trouble.Heard(error, credentials, telemetry.Time.GetUtcNow());
        switch (error.Code)
        {
            case ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Transport or ErrorCode.Local_Resolve
                or ErrorCode.Local_Authentication or ErrorCode.Local_Ssl or ErrorCode.SaslAuthenticationFailed:
                waits.For(Kafka, trouble.Why is { } why
                    ? $"the brokers at {options.BootstrapServers} refuse us: {why}"
                    : $"no broker answers at {options.BootstrapServers}. Is the address right, and Kafka up?");
                break;
            default:
                Log.ClientError(logger, error.Code, error.Reason);
                break;
        }
    }

    /// <summary>The client has logged something. Any thread.</summary>
    public void ClientLog(LogMessage message) => trouble.Heard(message);

    /// <summary>The client has another user or password: what it was refused for may be over.</summary>
    public void OtherPassword() => trouble.Over();

    /// <summary>A report that came by poll. Returns why its partition stands now, if it does.</summary>
    public string? Reported(ClientReport report)
    {
        metrics.KafkaErrors.WithLabels(report.Code.ToString()).Inc();
        switch (report.Code)
        {
            case ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition:
                waits.For(Topic(report.Topic), "the topic does not exist. Create it, or mend the subscription's topic");
                return null;
            case ErrorCode.TopicAuthorizationFailed:
                waits.For(Topic(report.Topic), "not authorized. Grant Read and Describe on the topic to this principal");
                return null;
            case ErrorCode.GroupAuthorizationFailed:
                waits.For(Group, "not authorized. Grant Read on the group to this principal");
                return null;
            case ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange:
                return "offset_out_of_range: the committed offset is no longer in Kafka (retention or truncation); "
                    + "reset the group's offset by hand to go on";
            default:
                Log.ClientError(logger, report.Code, report.Text);
                return null;
        }
    }

    public void Draining(IReadOnlyCollection<AssignedPartition> assigned, TimeSpan timeout) =>
        Log.Draining(logger, assigned.Sum(partition => partition.Progress.Open), timeout);

    /// <summary>The group has told this member what its share is.</summary>
    public void HasShare() => telemetry.Life.Assigned();

    /// <summary>Nobody is waited for any more: the drain may take its time, and is said wherever one looks.</summary>
    public void DrainsForGood() => telemetry.Life.Draining();

    /// <summary>The group is left, and the process lives on.</summary>
    public void Drained()
    {
        foreach (var route in routes.All)
        {
            metrics.Joined.WithLabels(route.Subscription).Set(0);
        }

        telemetry.Life.Drained();
        Log.Drained(logger);
    }

    public void Left() => Log.Left(logger);

    /// <summary>A subscription was taken out of the configuration, or begins anew.</summary>
    public void Goes(TopicRoute route, IReadOnlyCollection<AssignedPartition> partitions, TimeSpan timeout) =>
        Log.Goes(logger, route.Subscription, partitions.Sum(partition => partition.Progress.Open), timeout);

    /// <summary>None of its partitions is ours any more.</summary>
    public void HasGone(TopicRoute route)
    {
        foreach (var what in route.Topics.Select(Topic).Append(Join(route.Subscription)))
        {
            waits.Over(what);
        }

        Log.HasGone(logger, route.Subscription);
    }

    public void Stands(TopicPartition partition, string reason) =>
        Log.Stands(logger, partition.Topic, partition.Partition.Value, reason);

    /// <summary>The topics that are waited for.</summary>
    public IEnumerable<string> MissingTopics() => routes.Topics.Where(topic => waits.IsWaitingFor(Topic(topic)));

    /// <summary>A topic that was waited for is there.</summary>
    public void TopicFound(string topic) => waits.Over(Topic(topic));

    public string SubscriptionOf(TopicPartition partition) => routes.Of(partition.Topic).Subscription;

    /// <summary>However many partitions change hands at a time, that is one rebalance; if none does, it is none of ours.</summary>
    private void Count(string type, int partitions)
    {
        if (partitions > 0)
        {
            rebalances[type].Inc();
        }
    }

    private static string Join(string subscription) => $"join:{subscription}";

    private static string Topic(string topic) => Waits.TopicPrefix + topic;
}
