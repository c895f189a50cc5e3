using System.Globalization;
using System.Text.Json;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Sidecar.Credentials;

namespace Sidecar.Agent.Source;

/// <summary>What the client calls back, on the consume thread, from within a poll.</summary>
internal interface IConsumerHandlers
{
    IEnumerable<TopicPartitionOffset> OnAssigned(List<TopicPartition> partitions);

    void OnRevoked(List<TopicPartitionOffset> partitions);

    void OnLost(List<TopicPartitionOffset> partitions);

    void OnCommitted(CommittedOffsets offsets);

    void OnError(Error error);

    /// <summary>The client has logged something. On threads of the client's own, unlike all others.</summary>
    void OnLog(LogMessage message);

    void OnStatistics(string json);
}

/// <summary>Builds the Confluent client: the agent's promises as its properties, and who hears of what.</summary>
internal static class ConsumerFactory
{
    /// <summary>How often the client reports its state, from which the number of connected brokers is read.</summary>
    private const int StatisticsIntervalMs = 5000;

    /// <summary>How soon a topic that was missing is noticed.</summary>
    private const int MetadataRefreshMs = 10_000;

    /// <summary>Kilobytes that the client itself may prefetch, besides what the agent holds.</summary>
    private const int PrefetchKilobytes = 4096;

    /// <summary>Bytes of one answer to a fetch, over all partitions; a larger record still comes, alone.</summary>
    private const int FetchBytes = 2 * 1024 * 1024;

    /// <summary>The same of one partition.</summary>
    private const int PartitionFetchBytes = 512 * 1024;

    /// <summary>Records that the client tries to have prefetched in each partition.</summary>
    private const int PrefetchRecords = 5000;

    /// <summary>The same for a reader of retry topics, which reads little ahead.</summary>
    private const int ReaderPrefetchRecords = 100;

    /// <summary>The group's client.</summary>
    public static IConsumer<byte[], byte[]> Build(
        SourceOptions options, KafkaCredentials credentials, IConsumerHandlers handlers, ILogger logger)
    {
        var properties = Properties(options);
        credentials.AddTo(properties);
        return new ConsumerBuilder<byte[], byte[]>(properties)
            .SetPartitionsAssignedHandler((_, partitions) => handlers.OnAssigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => handlers.OnRevoked(partitions))
            .SetPartitionsLostHandler((_, partitions) => handlers.OnLost(partitions))
            .SetOffsetsCommittedHandler((_, offsets) => handlers.OnCommitted(offsets))
            .SetErrorHandler((_, error) => handlers.OnError(error))
            .SetStatisticsHandler((_, json) => handlers.OnStatistics(json))
            .SetLogHandler((_, message) =>
            {
                handlers.OnLog(message);
                Log.Librdkafka(logger, message.Facility, message.Message);
            })
            .Build();
    }

    /// <summary>A client that reads partitions which it is told, up to their ends and on. It is in no group and commits nothing.</summary>
    public static IConsumer<byte[], byte[]> BuildReader(SourceOptions options, KafkaCredentials credentials, ILogger logger)
    {
        var properties = Properties(options);
        credentials.AddTo(properties);
        properties["enable.partition.eof"] = "true";
        properties["queued.min.messages"] = Number(ReaderPrefetchRecords);
        properties.Remove("statistics.interval.ms");
        return new ConsumerBuilder<byte[], byte[]>(properties)
            .SetErrorHandler((_, _) => { })
            .SetLogHandler((_, message) => Log.Librdkafka(logger, message.Facility, message.Message))
            .Build();
    }

    /// <summary>The client's properties; those in <see cref="SourceOptions.OwnProperties"/> are always ours.</summary>
    public static Dictionary<string, string> Properties(SourceOptions options)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // A slow application must not make the fetcher stop for a second and then burst (librdkafka's default).
            ["fetch.queue.backoff.ms"] = "10",
            ["queued.max.messages.kbytes"] = Number(PrefetchKilobytes),
            ["fetch.max.bytes"] = Number(FetchBytes),
            ["max.partition.fetch.bytes"] = Number(PartitionFetchBytes),
            ["queued.min.messages"] = Number(PrefetchRecords),
            ["socket.nagle.disable"] = "true",
            ["reconnect.backoff.max.ms"] = "2000",
            ["topic.metadata.refresh.interval.ms"] = Number(MetadataRefreshMs),
            ["statistics.interval.ms"] = Number(StatisticsIntervalMs),
            ["heartbeat.interval.ms"] = Number((int)SourceOptionsRules.DefaultHeartbeat.TotalMilliseconds),
        };
        foreach (var (name, value) in options.Properties)
        {
            properties[name] = value;
        }

        properties["bootstrap.servers"] = options.BootstrapServers;
        properties["group.id"] = options.Group;
        properties["client.id"] = $"sidecar-agent-{Environment.MachineName}";
        properties["enable.auto.commit"] = "false";
        properties["enable.auto.offset.store"] = "false";
        properties["enable.partition.eof"] = "false";
        // A position that Kafka no longer has is never replaced silently: the partition stands, with the reason.
        properties["auto.offset.reset"] = "error";
        properties["allow.auto.create.topics"] = "false";
        properties["partition.assignment.strategy"] = "cooperative-sticky";
        properties["session.timeout.ms"] = Number((int)options.SessionTimeout.TotalMilliseconds);
        return properties;
    }

    /// <summary>Reads the number of brokers in state UP from the client's statistics.</summary>
    public static int ConnectedBrokers(string json)
    {
        using var statistics = JsonDocument.Parse(json);
        return statistics.RootElement.TryGetProperty("brokers", out var brokers)
            ? brokers.EnumerateObject().Count(broker =>
                broker.Value.TryGetProperty("state", out var state) && state.ValueEquals("UP"))
            : 0;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
