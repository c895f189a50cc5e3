using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Sidecar.TestKit.Kafka;

/// <summary>
/// A Kafka that tests talk to: whichever the machine offers. It says what it is, so that a result can be read for what
/// it is.
/// </summary>
public abstract class KafkaServer : IAsyncDisposable
{
    /// <summary>How long a request to create or describe may take before the test fails.</summary>
    protected static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(30);

    /// <summary>What it is, with version and number of brokers; tests print it first.</summary>
    public abstract string Name { get; }

    /// <summary>Addresses for <c>bootstrap.servers</c>.</summary>
    public abstract string BootstrapServers { get; }

    /// <summary>
    /// librdkafka's mock cluster: no CreateTopics, DescribeConfigs or DescribeConsumerGroups, nothing on disk.
    /// </summary>
    public virtual bool IsMock => false;

    /// <summary>Whether CreateTopics works over the wire. <see cref="CreateTopicAsync"/> works everywhere.</summary>
    public virtual bool CanCreateTopics => true;

    /// <summary>Creates a topic with that many partitions; when it returns, every partition has a leader.</summary>
    public virtual async Task CreateTopicAsync(
        string topic, int partitions, params (string Name, string Value)[] configs)
    {
        using var admin = Admin();
        var specification = new TopicSpecification
        {
            Name = topic,
            NumPartitions = partitions,
            Configs = configs.ToDictionary(config => config.Name, config => config.Value),
        };
        await admin.CreateTopicsAsync(
            [specification],
            new CreateTopicsOptions { RequestTimeout = RequestTimeout, OperationTimeout = RequestTimeout });
        await LedAsync(admin, topic, partitions);
    }

    /// <summary>A client configuration that points here.</summary>
    public ClientConfig Client() => new() { BootstrapServers = BootstrapServers };

    /// <summary>An admin client; the caller disposes it.</summary>
    public IAdminClient Admin() =>
        new AdminClientBuilder(new AdminClientConfig(Client())).SetLogHandler((_, _) => { }).Build();

    public abstract ValueTask DisposeAsync();

    /// <summary>
    /// The first that applies: <c>KAFKA_BOOTSTRAP_SERVERS</c>, <c>KAFKA_HOME</c>, Docker, else the mock cluster.
    /// </summary>
    /// <param name="brokers">How many brokers, where there is a choice: 1 to 5.</param>
    public static async Task<KafkaServer> StartAsync(int brokers = 1)
    {
        var real = await StartRealAsync(brokers);
        return real.Server ?? await StartMockAsync(brokers);
    }

    /// <summary>A real Kafka, or the reason why there is none on this machine.</summary>
    public static async Task<KafkaStart> StartRealAsync(int brokers = 1)
    {
        if (Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP_SERVERS") is { Length: > 0 } bootstrap)
            return new KafkaStart(new AddressedKafka(bootstrap), "");
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is { Length: > 0 } home)
            return new KafkaStart(await LocalKafka.StartAsync(home, new LocalKafkaOptions { Brokers = brokers }), "");
        if (brokers > 1)
            return new KafkaStart(null, $"a cluster of {brokers} brokers needs KAFKA_BOOTSTRAP_SERVERS or KAFKA_HOME");
        return await ContainerKafka.TryStartAsync();
    }

    /// <summary>librdkafka's mock cluster, in this process.</summary>
    public static Task<KafkaServer> StartMockAsync(int brokers = 1) =>
        Task.FromResult<KafkaServer>(new MockKafka(brokers));

    protected static Task LedAsync(IAdminClient admin, string topic, int partitions) => Until.TrueAsync(
        () => admin.GetMetadata(topic, RequestTimeout).Topics is [{ Error.IsError: false } found]
            && found.Partitions.Count == partitions
            && found.Partitions.All(partition => partition.Leader >= 0),
        RequestTimeout,
        $"topic {topic} has {partitions} partitions with a leader each");
}

/// <summary>A started server, or none and why.</summary>
public sealed record KafkaStart(KafkaServer? Server, string Reason);
