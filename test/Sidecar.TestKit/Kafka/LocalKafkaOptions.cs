namespace Sidecar.TestKit.Kafka;

/// <summary>How a cluster from <c>KAFKA_HOME</c> is set up.</summary>
public sealed record LocalKafkaOptions
{
    /// <summary>1 to 5. Each is its own controller too, so a cluster of three survives the loss of one.</summary>
    public int Brokers { get; init; } = 1;

    /// <summary>Where brokers listen for clients: loopback, or an address that pods of a node on this machine can reach.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The heap of one broker at most, in megabytes.</summary>
    public int HeapMegabytes { get; init; } = 256;

    /// <summary>
    /// Starts a second faster and stays slower: right for tests of seconds, wrong for measurements.
    /// </summary>
    public bool QuickStart { get; init; } = true;

    /// <summary>
    /// Further listeners, <c>PROTOCOL://host:port</c>, each named for its protocol; for one broker alone, since its ports are
    /// given.
    /// </summary>
    public IReadOnlyList<string> Listeners { get; init; } = [];

    /// <summary>Further broker properties, <c>name=value</c>; they win over ours.</summary>
    public IReadOnlyList<string> Properties { get; init; } = [];
}
