using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Sidecar.Credentials;
using Sidecar.OutboxRelay.Publish;

namespace Sidecar.OutboxRelay.Doctor;

/// <summary>Kafka, and the topics that the outbox writes to.</summary>
public static class TopicChecks
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>What was found about brokers and topics.</summary>
    public static async Task<IReadOnlyList<Finding>> LookAsync(
        PublishOptions options, KafkaCredentials credentials, IReadOnlyList<string> topics)
    {
        var trouble = new BrokerTrouble(options.Security);
        var configuration = new AdminClientConfig { BootstrapServers = options.BootstrapServers, ClientId = "outbox-relay-doctor" };
        credentials.AddTo(configuration);
        using var admin = new AdminClientBuilder(configuration)
            .SetErrorHandler((_, error) => trouble.Heard(error, credentials, TimeProvider.System.GetUtcNow()))
            .SetLogHandler((_, message) => trouble.Heard(message))
            .Build();
        try
        {
            var metadata = await Task.Run(() => admin.GetMetadata(Timeout));
            var known = metadata.Topics.Where(topic => !topic.Error.IsError).ToDictionary(topic => topic.Topic);
            List<Finding> findings = [Finding.Fine("kafka", $"{metadata.Brokers.Count} brokers answer")];
            findings.AddRange(topics.Where(topic => !known.ContainsKey(topic)).Select(topic => Finding.Bad(
                "topic", TopicNames.IsValid(topic) ? $"{topic} does not exist, or may not be seen" : $"'{topic}' is no name of a topic",
                TopicNames.IsValid(topic) ? "create it, or grant Describe and Write: its rows wait" : $"publish to {TopicNames.Rule}")));
            var there = topics.Where(known.ContainsKey).ToList();
            foreach (var (topic, entries) in await ConfigsAsync(admin, there))
            {
                findings.AddRange(Judge(topic, known[topic], entries, options.MaxMessageBytes));
            }

            return findings;
        }
        catch (KafkaException e)
        {
            return [trouble.Why is { } why
                ? Finding.Bad("kafka", $"the brokers at {options.BootstrapServers} refuse us", why)
                : Finding.Bad("kafka", $"{options.BootstrapServers}: {e.Error.Reason}", "address, network, security protocol")];
        }
    }

    private static async Task<List<(string Topic, Dictionary<string, ConfigEntryResult> Entries)>> ConfigsAsync(
        IAdminClient admin, List<string> topics)
    {
        if (topics.Count == 0)
        {
            return [];
        }

        var answer = await admin.DescribeConfigsAsync(
            topics.Select(topic => new ConfigResource { Type = ResourceType.Topic, Name = topic }),
            new DescribeConfigsOptions { RequestTimeout = Timeout });
        return [.. answer.Select(one => (one.ConfigResource.Name, one.Entries))];
    }

    private static IEnumerable<Finding> Judge(
        string topic, TopicMetadata metadata, Dictionary<string, ConfigEntryResult> entries, int maxMessageBytes)
    {
        var replicas = metadata.Partitions.Count == 0 ? 0 : metadata.Partitions.Min(partition => partition.Replicas.Length);
        var inSync = Number(entries, "min.insync.replicas");
        var bytes = Number(entries, "max.message.bytes");
        if (inSync is { } least && least > replicas)
        {
            yield return Finding.Bad(
                "topic", $"{topic}: min.insync.replicas {least} of {replicas} replicas: nothing can be written",
                "lower it, or add replicas");
        }
        else if (replicas > 1 && inSync == 1)
        {
            yield return Finding.Warn(
                "topic", $"{topic}: min.insync.replicas is 1 of {replicas}", "2: one broker's loss may lose acknowledged events");
        }

        if (bytes is { } most && most < maxMessageBytes)
        {
            yield return Finding.Warn(
                "topic", $"{topic}: max.message.bytes {most} is below --max-message-bytes {maxMessageBytes}",
                "make them the same: the relay then sees a large record before a broker refuses it");
        }

        if (entries.TryGetValue("cleanup.policy", out var policy) && policy.Value.Contains("compact", StringComparison.Ordinal))
        {
            yield return Finding.Warn(
                "topic", $"{topic} is compacted: a relay that slept beyond its lease may send an older value last",
                "let its readers go by sidecar-outbox-seq, or do not compact it");
        }

        yield return Finding.Fine("topic", $"{topic}: {metadata.Partitions.Count} partitions, {replicas} replicas");
    }

    private static long? Number(Dictionary<string, ConfigEntryResult> entries, string name) =>
        entries.TryGetValue(name, out var entry) &&
        long.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
