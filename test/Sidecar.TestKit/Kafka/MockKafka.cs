using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Sidecar.TestKit.Kafka;

/// <summary>
/// librdkafka's mock cluster, in this process: produces, consumes, groups, commits, idempotence; nothing else, and
/// nothing on disk. A topic that is produced to comes to be with four partitions; <see cref="CreateTopicAsync"/> makes
/// any number.
/// </summary>
public sealed class MockKafka : KafkaServer
{
    private readonly IProducer<Null, Null> owner;
    private readonly nint cluster;
    private readonly int brokers;

    /// <param name="brokers">1 to 5.</param>
    public MockKafka(int brokers)
    {
        this.brokers = brokers;
        var config = new ProducerConfig { BootstrapServers = "mock" };
        config.Set("test.mock.num.brokers", brokers.ToString());
        owner = new ProducerBuilder<Null, Null>(config).SetLogHandler((_, _) => { }).Build();
        var property = typeof(Handle).GetProperty("LibrdkafkaHandle", BindingFlags.Instance | BindingFlags.NonPublic)
            ?? throw new InvalidOperationException("Confluent.Kafka no longer has Handle.LibrdkafkaHandle");
        cluster = Librdkafka.MockCluster(((SafeHandle)property.GetValue(owner.Handle)!).DangerousGetHandle());
        BootstrapServers = Librdkafka.MockBootstraps(cluster);
    }

    public override string Name =>
        $"librdkafka {Library.VersionString} mock cluster, {brokers} broker{(brokers > 1 ? "s" : "")}";

    public override string BootstrapServers { get; }

    public override bool IsMock => true;

    public override bool CanCreateTopics => false;

    /// <summary>Creates the topic in the mock itself. It has no use for configuration entries.</summary>
    public override async Task CreateTopicAsync(
        string topic, int partitions, params (string Name, string Value)[] configs)
    {
        Librdkafka.CreateMockTopic(cluster, topic, partitions, brokers);
        using var admin = Admin();
        await LedAsync(admin, topic, partitions);
    }

    /// <summary>The next requests of that API are answered with these errors, in order.</summary>
    /// <param name="api">Its number in the Kafka protocol: 0 is Produce, 1 Fetch, 8 OffsetCommit.</param>
    /// <param name="errors">One for each request.</param>
    public void FailNext(short api, params ErrorCode[] errors) => Librdkafka.PushErrors(cluster, api, errors);

    /// <summary>The broker closes its connections and takes no new ones, until it is set up again.</summary>
    /// <param name="broker">1 and up.</param>
    /// <param name="up">Whether it is reachable.</param>
    public void SetReachable(int broker, bool up) => Librdkafka.SetMockBroker(cluster, broker, up);

    public override ValueTask DisposeAsync()
    {
        owner.Dispose();
        return ValueTask.CompletedTask;
    }
}
