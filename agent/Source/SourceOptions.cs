using Sidecar.Credentials;

namespace Sidecar.Agent.Source;

/// <summary>Where a group starts in partitions that exist when it first joins. Partitions added later start at earliest.</summary>
public enum StartAt
{
    /// <summary>At the oldest record that Kafka still has.</summary>
    Earliest,

    /// <summary>After the newest record.</summary>
    Latest,
}

/// <summary>The agent's Kafka consumer.</summary>
public sealed class SourceOptions
{
    /// <summary>Properties of the Kafka client that are the agent's own promises and cannot be set from outside.</summary>
    public static IReadOnlyList<string> OwnProperties { get; } =
    [
        "bootstrap.servers", "group.id", "enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset",
        "enable.partition.eof", "client.id", "partition.assignment.strategy", "session.timeout.ms",
        "max.poll.interval.ms", "allow.auto.create.topics", "group.instance.id", "group.protocol",
        "security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.username", "ssl.ca.location", "ssl.ca.pem",
        "ssl.certificate.location", "ssl.certificate.pem", "ssl.key.location", "ssl.keystore.location",
    ];

    /// <summary>Addresses of brokers, <c>host:port</c> separated by commas. Required.</summary>
    public string BootstrapServers { get; set; } = "";

    /// <summary>How clients authenticate themselves.</summary>
    public SecurityOptions Security { get; } = new();

    /// <summary>The consumer group; by default <c>namespace.service</c>.</summary>
    public string Group { get; set; } = "";

    /// <summary>How long the group waits for this member before it gives its partitions to others. 1 s to 5 min.</summary>
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long partitions that are taken away wait for their deliveries in flight. 0 to 1 min. The group waits for it.
    /// </summary>
    public TimeSpan RevokeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a stop waits for deliveries in flight. 0 to 10 min; below the pod's grace period.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long an application may be unhealthy before its partitions are left to other pods. 1 s to 24 h; null: for ever.
    /// </summary>
    public TimeSpan? LeaveAfter { get; set; }

    /// <summary>
    /// Bytes that all events received and not yet done may hold in this process; above it every partition pauses.
    /// 1 MiB to 4 GiB.
    /// </summary>
    public long MaxBufferBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Further properties of librdkafka by their own names; those of <see cref="OwnProperties"/> are refused.</summary>
    public Dictionary<string, string> Properties { get; } = new(StringComparer.Ordinal);
}
