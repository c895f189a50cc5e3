using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Tests.Delivery;
using Sidecar.Credentials;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Agent.Tests.DeadLetter;

/// <summary>The producer itself, on librdkafka's mock cluster.</summary>
public sealed class DeadLetterProducerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly LetterAddress Address = new("g", "s", "g.s.dlq");
    private static readonly Provenance Refused = new(Records.Place, 1, 1, 1, 1, "rejected", "no");

    [Test]
    public async Task A_producer_that_is_broken_for_good_is_replaced_and_the_next_letter_goes_through()
    {
        await using var kafka = await KafkaServer.StartMockAsync();
        await kafka.CreateTopicAsync(Address.Topic, 1);
        using var producer = new DeadLetterProducer(
            KafkaProducer.Properties(kafka.BootstrapServers, new Dictionary<string, string>()), Open());
        Assert.That((await SendAsync(producer)).End, Is.EqualTo(ProduceEnd.Acknowledged));
        FatalError.Raise(producer.Producer.Client);

        Assert.That((await SendAsync(producer)).End, Is.EqualTo(ProduceEnd.Failed));

        Assert.That((await SendAsync(producer)).End, Is.EqualTo(ProduceEnd.Acknowledged));
    }

    [Test]
    public void A_property_that_librdkafka_does_not_know_is_refused_in_its_words() => Assert.That(
        () => new DeadLetterProducer(new Dictionary<string, string> { ["no.such.property"] = "1" }, Open()),
        Throws.InvalidOperationException.With.Message.Contains("no.such.property"));

    [Test]
    public async Task A_letter_larger_than_the_whole_queue_goes_by_itself()
    {
        await using var kafka = await KafkaServer.StartMockAsync();
        await kafka.CreateTopicAsync(Address.Topic, 1);
        using var producer = new DeadLetterProducer(
            KafkaProducer.Properties(kafka.BootstrapServers, new Dictionary<string, string>()), Open());

        Assert.That(await SendAsync(producer, Megabytes(17)), Is.EqualTo(new ProduceOutcome(ProduceEnd.Acknowledged, "") { Offset = 0 }));
    }

    [Test]
    public async Task What_waits_for_Kafka_is_bounded_in_bytes_and_ends_with_the_producer()
    {
        List<Task<ProduceOutcome>> sent;
        using (var producer = new DeadLetterProducer(KafkaProducer.Properties("127.0.0.1:1", new Dictionary<string, string>()), Open()))
        {
            var large = Megabytes(1);
            sent = [.. Enumerable.Range(0, 20).Select(_ => SendAsync(producer, large))];
            var refused = await Task.WhenAny(sent);
            Assert.That((await refused).Reason, Does.Contain("Queue full"));
            Assert.That(sent.Count(one => !one.IsCompleted), Is.InRange(14, 16), "of 16 MiB, headers included");
        }

        Assert.That((await Task.WhenAll(sent)).Select(one => one.End), Is.All.EqualTo(ProduceEnd.Failed), "nobody waits for ever");
    }

    [Test]
    public async Task After_its_end_a_producer_takes_nothing_and_says_so([Values] LetterDetail detail)
    {
        var producer = new DeadLetterProducer(KafkaProducer.Properties("127.0.0.1:1", new Dictionary<string, string>()), Open());
        producer.Dispose();

        var late = await producer.SendAsync(Records.With(), Address, Refused, detail).WaitAsync(Patience, TimeProvider.System);
        Assert.That(late.End, Is.EqualTo(ProduceEnd.Failed));
    }

    private static EventRecord Megabytes(int count) => Records.Make("key"u8.ToArray(), new byte[count * 1024 * 1024], []);

    private static Task<ProduceOutcome> SendAsync(DeadLetterProducer producer, EventRecord record) =>
        producer.SendAsync(record, Address, Refused, LetterDetail.Full).WaitAsync(Patience, TimeProvider.System);

    private static Keyring Open() => Keyring.Open(new SecurityOptions()).Keyring!;

    private static Task<ProduceOutcome> SendAsync(DeadLetterProducer producer) => SendAsync(producer, Records.With());
}
