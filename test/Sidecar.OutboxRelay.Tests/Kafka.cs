using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Sidecar.OutboxRelay.Tests;

/// <summary>
/// The brokers that the tests run against: KAFKA_BOOTSTRAP_SERVERS, else librdkafka's mock cluster in this process. It
/// stands in the root namespace, so that NUnit starts it once, before every test below.
/// </summary>
[SetUpFixture]
internal sealed class Kafka
{
    private static IProducer<Null, Null>? mock;

    public static string BootstrapServers { get; private set; } = "";

    public static bool IsMock => mock is not null;

    [OneTimeSetUp]
    public static void Start()
    {
        if (Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP_SERVERS") is { Length: > 0 } given)
        {
            BootstrapServers = given;
        }
        else
        {
            var config = new ProducerConfig();
            config.Set("test.mock.num.brokers", "1");
            mock = new ProducerBuilder<Null, Null>(config).Build();
            using var admin = new DependentAdminClientBuilder(mock.Handle).Build();
            BootstrapServers = string.Join(
                ',', admin.GetMetadata(TimeSpan.FromSeconds(10)).Brokers.Select(broker => $"{broker.Host}:{broker.Port}"));
        }

        TestContext.Progress.WriteLine($"Kafka: {(IsMock ? "librdkafka's mock cluster" : "brokers")} at {BootstrapServers}");
    }

    [OneTimeTearDown]
    public static void Stop() => mock?.Dispose();

    /// <summary>For what the mock cluster cannot do.</summary>
    public static void NeedsBroker(string why)
    {
        if (IsMock)
        {
            Assert.Ignore($"needs a real broker (KAFKA_BOOTSTRAP_SERVERS): {why}");
        }
    }

    public static string NewTopicName() => $"t{Guid.NewGuid():N}";

    /// <summary>A topic of its own for a test; the mock makes it when it is first asked for.</summary>
    public static async Task<string> TopicAsync(Dictionary<string, string>? settings = null)
    {
        var topic = NewTopicName();
        if (!IsMock)
        {
            await CreateAsync(topic, settings);
        }

        return topic;
    }

    public static async Task CreateAsync(string topic, Dictionary<string, string>? settings = null)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers }).Build();
        await admin.CreateTopicsAsync(
            [new TopicSpecification { Name = topic, NumPartitions = 4, ReplicationFactor = 1, Configs = settings }]);
    }

    /// <summary>Everything that the topic holds now, partition by partition.</summary>
    public static List<ConsumeResult<byte[]?, byte[]?>> ReadAll(string topic)
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = BootstrapServers,
            GroupId = $"reader-{Guid.NewGuid():N}",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
        }).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin.GetMetadata(topic, TimeSpan.FromSeconds(10)).Topics[0].Partitions.Count;
        consumer.Assign(Enumerable.Range(0, partitions).Select(p => new TopicPartitionOffset(topic, p, Offset.Beginning)));
        var records = new List<ConsumeResult<byte[]?, byte[]?>>();
        for (var atEnd = 0; atEnd < partitions;)
        {
            var result = consumer.Consume(TimeSpan.FromSeconds(30)) ?? throw new TimeoutException("the topic cannot be read");
            if (result.IsPartitionEOF)
            {
                atEnd++;
            }
            else
            {
                records.Add(result);
            }
        }

        return records;
    }
}
