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

    private static Keyring Open() => Keyring.Open(new SecurityOptions()).Keyring!;

    private static Task<ProduceOutcome> SendAsync(DeadLetterProducer producer) =>
        producer.SendAsync(Records.With(), Address, Refused, LetterDetail.Full).WaitAsync(Patience, TimeProvider.System);
}
