using Confluent.Kafka;
using Sidecar.TestKit.Kafka;

namespace Sidecar.TestKit.Tests.Kafka;

[TestFixture]
public sealed class KafkaServerTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [Test]
    public async Task The_mock_has_the_partitions_that_were_asked_for_and_gives_back_what_was_produced()
    {
        await using var kafka = await KafkaServer.StartMockAsync();
        await kafka.CreateTopicAsync("seven", 7);

        Assert.That(await RoundTripAsync(kafka, "seven", partition: 6), Is.EqualTo("value"));
        Assert.That(kafka.IsMock, Is.True);
    }

    [Test]
    public async Task The_mock_fails_requests_on_command()
    {
        await using var kafka = new MockKafka(1);
        await kafka.CreateTopicAsync("refused", 1);
        kafka.FailNext(api: 0, ErrorCode.TopicAuthorizationFailed);

        Assert.ThrowsAsync<ProduceException<string, string>>(() => RoundTripAsync(kafka, "refused", partition: 0));
    }

    [Test]
    public async Task A_real_Kafka_has_the_partitions_that_were_asked_for_and_gives_back_what_was_produced()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("three");
        await kafka.CreateTopicAsync(topic, 3);

        Assert.That(await RoundTripAsync(kafka, topic, partition: 2), Is.EqualTo("value"));
    }

    [Test]
    public async Task A_cluster_of_three_survives_a_killed_broker_takes_it_back_and_comes_back_from_nothing()
    {
        var home = Environment.GetEnvironmentVariable("KAFKA_HOME");
        if (string.IsNullOrEmpty(home)) Assert.Ignore("brokers can be killed only where KAFKA_HOME is set");
        await using var kafka = await LocalKafka.StartAsync(home!, new LocalKafkaOptions { Brokers = 3 });
        await kafka.CreateTopicAsync("survivor", 3);

        await kafka.KillBrokerAsync(1);
        Assert.That(kafka.ProcessIds, Has.Count.EqualTo(2));
        Assert.That(await RoundTripAsync(kafka, "survivor", partition: 0), Is.EqualTo("value"));

        await kafka.StartBrokerAsync(1);
        Assert.That(kafka.ProcessIds, Has.Count.EqualTo(3));

        int[] all = [1, 2, 3];
        foreach (var broker in all) await kafka.KillBrokerAsync(broker);
        await kafka.StartBrokersAsync(all);
        Assert.That(await RoundTripAsync(kafka, "survivor", partition: 1), Is.EqualTo("value"));
    }

    private static async Task<string> RoundTripAsync(KafkaServer kafka, string topic, int partition)
    {
        var place = new TopicPartition(topic, partition);
        using var producer = new ProducerBuilder<string, string>(kafka.Client()).Build();
        await producer.ProduceAsync(place, new Message<string, string> { Key = "key", Value = "value" });
        var config = new ConsumerConfig(kafka.Client()) { GroupId = "round-trip" };
        using var consumer = new ConsumerBuilder<string, string>(config).Build();
        consumer.Assign(new TopicPartitionOffset(place, Offset.Beginning));
        return consumer.Consume(Timeout)?.Message.Value ?? "nothing came";
    }
}
