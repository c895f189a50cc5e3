using Confluent.Kafka;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests;

/// <summary>
/// The brokers that the tests run against, and the end of all servers. It stands in the root namespace, so that NUnit
/// starts it once, before every test below.
/// </summary>
[SetUpFixture]
internal sealed class Kafka
{
    private const int Partitions = 4;

    private static KafkaServer server = null!;

    public static string BootstrapServers => server.BootstrapServers;

    [OneTimeSetUp]
    public static async Task StartAsync() => server = await SharedKafka.GetAsync();

    [OneTimeTearDown]
    public static async Task StopAsync()
    {
        await SharedPostgres.StopAsync();
        await SharedKafka.StopAsync();
    }

    /// <summary>For what the mock cluster cannot do.</summary>
    public static void NeedsBroker(string why)
    {
        if (server.IsMock)
        {
            Assert.Ignore($"needs a real broker (KAFKA_BOOTSTRAP_SERVERS or KAFKA_HOME): {why}");
        }
    }

    /// <summary>A topic of its own for a test.</summary>
    public static async Task<string> TopicAsync(int partitions = Partitions, params (string, string)[] settings)
    {
        var topic = SharedKafka.NewTopic("relay");
        await server.CreateTopicAsync(topic, partitions, settings);
        return topic;
    }

    /// <summary>A broker of its own that makes no topic unless it is told to.</summary>
    public static async Task<KafkaServer> WithoutAutomaticTopicsAsync()
    {
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is not { Length: > 0 } home)
        {
            Assert.Ignore("needs KAFKA_HOME: a broker with auto.create.topics.enable=false");
            return null!;
        }

        return await LocalKafka.StartAsync(
            home, new LocalKafkaOptions { Properties = ["auto.create.topics.enable=false"] });
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
        var partitions = admin.GetMetadata(topic, Fixtures.Relays.Bound).Topics[0].Partitions.Count;
        consumer.Assign(
            Enumerable.Range(0, partitions).Select(p => new TopicPartitionOffset(topic, p, Offset.Beginning)));
        var records = new List<ConsumeResult<byte[]?, byte[]?>>();
        for (var atEnd = 0; atEnd < partitions;)
        {
            var result = consumer.Consume(Fixtures.Relays.Bound)
                ?? throw new TimeoutException("the topic cannot be read");
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
