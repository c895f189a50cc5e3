using System.Text;
using CsCheck;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.Delivery.V1;

namespace Sidecar.Agent.Tests.Delivery;

/// <summary>The encoder, against the code that protoc generates from the same contract.</summary>
public sealed class DeliverRequestEncoderTests
{
    private static readonly Gen<byte[]?> Content = Gen.Byte.Array[0, 40].Null();

    private static readonly Gen<byte[]> Name = Gen.Frequency(
        (2, Gen.String[0, 12].Where(text => !text.Any(char.IsSurrogate)).Select(Encoding.UTF8.GetBytes)),
        (3, Gen.OneOf("ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type", "same")
            .Select(Encoding.UTF8.GetBytes)));

    private static readonly Gen<byte[]?> Value = Gen.Frequency(
        (3, Content),
        (1, Gen.OneOf("2026-05-04T03:02:01Z", "/orders", "e-1").Select(text => (byte[]?)Encoding.UTF8.GetBytes(text))));

    private static readonly Gen<TopicPosition> Place = Gen.Select(
        Gen.OneOf("orders.v1", "t"), Gen.Int[0, int.MaxValue], Gen.Long[0, long.MaxValue],
        (topic, partition, offset) => new TopicPosition(topic, partition, offset));

    private static readonly Gen<Attempt> Attempts = Gen.Select(
        Gen.Int[0, int.MaxValue], Gen.ULong, Gen.Long[-1, 4_000_000_000_000],
        (number, id, seen) => new Attempt(number, id, seen));

    private readonly DeliverRequestEncoder encoder = new("orders");

    [Test]
    public void Generated_code_reads_back_every_record_as_it_was() =>
        Gen.Select(
                Content, Content, Gen.Select(Name, Value).Array[0, 6], Place, Attempts, Gen.Long[-1, 4_000_000_000_000])
            .Sample((key, value, headers, place, attempt, timestamp) =>
            {
                var record = Records.Make(key, value, headers, place, timestamp);
                var request = Encode(record, attempt, out var bytes);
                var read = request.Event;
                Assert.That(request.ToByteArray(), Is.EqualTo(bytes), "the same bytes as generated code writes");
                Assert.That(read.HasKey ? read.Key.ToByteArray() : null, Is.EqualTo(key));
                Assert.That(read.HasData ? read.Data.ToByteArray() : null, Is.EqualTo(value));
                Assert.That(
                    read.Headers.Select(header => (header.Name, header.HasValue ? header.Value.ToByteArray() : null)),
                    Is.EqualTo(headers.Select(header => (Encoding.UTF8.GetString(header.Item1), header.Item2))));
                Assert.That((read.Position.Topic, read.Position.Partition, read.Position.Offset),
                    Is.EqualTo((place.Topic, place.Partition, place.Offset)));
                Assert.That((read.Attempt, read.DeliveryId, read.Subscription),
                    Is.EqualTo((attempt.Number, attempt.DeliveryId.ToString("x16"), "orders")));
            });

    [Test]
    public void The_attributes_come_from_the_headers()
    {
        var read = Encode(Records.With(
            ("ce_id", "e-1"), ("ce_source", "/orders"), ("ce_type", "acme.Placed"), ("ce_subject", "ört"),
            ("ce_time", "2026-05-04T03:02:01.5+02:00"), ("content-type", "application/protobuf"))).Event;

        Assert.That((read.Id, read.Source, read.Type, read.Subject, read.ContentType),
            Is.EqualTo(("e-1", "/orders", "acme.Placed", "ört", "application/protobuf")));
        Assert.That(read.Time, Is.EqualTo(Timestamp.FromDateTimeOffset(
            new DateTimeOffset(2026, 5, 4, 1, 2, 1, 500, TimeSpan.Zero))));
        Assert.That(
            read.FirstSeenTime.ToDateTimeOffset().ToUnixTimeMilliseconds(), Is.EqualTo(Records.First.FirstSeenMs));
    }

    [TestCase("ce_id")]
    [TestCase("ce_source")]
    public void An_event_that_lacks_id_or_source_is_named_by_its_place(string only) =>
        Assert.That(Encode(Records.With((only, "x"))).Event.Id, Is.EqualTo("orders.v1/3/42"));

    [Test]
    public void An_attribute_that_is_not_utf8_is_left_unset_and_its_header_is_delivered()
    {
        byte[] binary = [0xff, 0xfe];
        var headers = Records.Bytes(("ce_id", "e-1"), ("ce_source", "/orders"));
        var read = Encode(Records.Make(null, null, [.. headers, ("ce_id"u8.ToArray(), binary)])).Event;

        Assert.That(read.Id, Is.EqualTo("orders.v1/3/42"));
        Assert.That(read.Headers[2].Value.ToByteArray(), Is.EqualTo(binary));
    }

    [Test]
    public void Of_a_repeated_attribute_the_last_counts() =>
        Assert.That(Encode(Records.With(("ce_type", "a"), ("ce_type", "b"))).Event.Type, Is.EqualTo("b"));

    [TestCase("yesterday", 1_000, 1L)]
    [TestCase("2026-05-04T03:02:01Z", 1_000, 1777863721L)]
    public void The_time_falls_back_to_the_records_timestamp(string text, long timestampMs, long seconds)
    {
        var record = Records.Make(null, null, Records.Bytes(("ce_time", text)), timestampMs: timestampMs);
        Assert.That(Encode(record).Event.Time.Seconds, Is.EqualTo(seconds));
    }

    [TestCase(-1)]
    [TestCase(long.MaxValue)]
    public void A_time_that_cannot_be_is_absent(long timestampMs) =>
        Assert.That(Encode(Records.Make(null, null, [], timestampMs: timestampMs)).Event.Time, Is.Null);

    [Test]
    public void A_value_of_20_MB_is_measured_and_written_whole()
    {
        var value = new byte[20_000_000];
        new Random(7).NextBytes(value);
        Assert.That(Encode(Records.Make(null, value, [])).Event.Data.Span.SequenceEqual(value));
    }

    private DeliverRequest Encode(EventRecord record) => Encode(record, Records.First, out _);

    private DeliverRequest Encode(EventRecord record, Attempt attempt, out byte[] bytes)
    {
        bytes = new byte[encoder.Measure(record, attempt)];
        Assert.That(encoder.Write(record, attempt, bytes), Is.EqualTo(bytes.Length), "as many bytes as measured");
        return DeliverRequest.Parser.ParseFrom(bytes);
    }
}
