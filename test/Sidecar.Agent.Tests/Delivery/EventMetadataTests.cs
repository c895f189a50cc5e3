using System.Text;
using CsCheck;
using Grpc.Core;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.Delivery.V1;

namespace Sidecar.Agent.Tests.Delivery;

public sealed class EventMetadataTests
{
    [Test]
    public void The_attributes_of_an_event_are_metadata_and_nothing_else_is()
    {
        var record = Records.Make(
            [0, 1, 0xff],
            null,
            Records.Bytes(
                ("ce_id", "e-1"), ("ce_source", "/orders"), ("ce_type", "acme.Placed"), ("ce_subject", "größe 5%"),
                ("content-type", "application/protobuf"), ("traceparent", "00-aa-bb-01"), ("tracestate", "a=b")),
            timestampMs: 1_750_000_000_123);

        Assert.That(Texts(Make(record)), Is.EqualTo(new Dictionary<string, string>
        {
            ["sidecar-topic"] = "orders.v1",
            ["sidecar-partition"] = "3",
            ["sidecar-offset"] = "42",
            ["sidecar-attempt"] = "1",
            ["sidecar-delivery-id"] = "0000000000abcdef",
            ["sidecar-tombstone"] = "true",
            ["ce-id"] = "e-1",
            ["ce-source"] = "/orders",
            ["ce-type"] = "acme.Placed",
            ["ce-subject"] = "gr%C3%B6%C3%9Fe%205%25",
            ["ce-time"] = "2025-06-15T15:06:40.123Z",
            ["ce-datacontenttype"] = "application/protobuf",
            ["traceparent"] = "00-aa-bb-01",
            ["tracestate"] = "a=b",
        }));
        Assert.That(Make(record).GetValueBytes("sidecar-key-bin"), Is.EqualTo(new byte[] { 0, 1, 0xff }));
    }

    [Test]
    public void A_null_key_is_absent_and_an_empty_one_is_empty()
    {
        Assert.That(Make(Records.Make(null, [], [])).Get("sidecar-key-bin"), Is.Null);
        Assert.That(Make(Records.Make([], [], [])).GetValueBytes("sidecar-key-bin"), Is.Empty);
    }

    [Test]
    public void All_headers_travel_as_one_list() =>
        Gen.Select(Gen.Char.AlphaNumeric.Array[0, 9], Gen.Byte.Array[0, 30].Null()).Array[1, 6].Sample(pairs =>
        {
            (byte[] Name, byte[]? Value)[] headers =
                [.. pairs.Select(pair => (Encoding.UTF8.GetBytes(pair.Item1), pair.Item2))];
            var metadata = Make(Records.Make(null, null, headers));
            var list = HeaderList.Parser.ParseFrom(metadata.GetValueBytes("sidecar-headers-bin"));
            Assert.That(
                list.Headers.Select(header => (header.Name, header.HasValue ? header.Value.ToByteArray() : null)),
                Is.EqualTo(pairs.Select(pair => (new string(pair.Item1), pair.Item2))));
        });

    [Test]
    public void A_list_of_headers_above_4_KB_is_left_out_and_its_size_is_told()
    {
        var metadata = Make(Records.With(("big", new string('x', 5000))));
        Assert.That(metadata.Get("sidecar-headers-bin"), Is.Null);
        Assert.That(metadata.GetValue("sidecar-headers-omitted"), Is.EqualTo("5011"));
    }

    [Test]
    public void The_whole_stays_below_what_stacks_take_or_is_refused_with_the_name_of_what_does_not_fit() =>
        Gen.Select(Gen.Int[0, 9000], Gen.Int[0, 9000], Gen.Int[0, 5000]).Sample((key, trace, header) =>
        {
            var headers = Records.Bytes(("baggage", new string('b', trace)), ("h", new string('h', header)));
            var refused = EventMetadata.Make(Records.Make(new byte[key], [], headers), Records.First, out var metadata);
            if (refused is { } outcome)
            {
                Assert.That(outcome.End, Is.EqualTo(AttemptEnd.TooLarge));
                Assert.That(outcome.Reason, Does.Contain("sidecar-key-bin").Or.Contain("sidecar-headers-omitted"));
                Assert.That(key, Is.GreaterThan(4000), "an ordinary key always fits");
            }
            else
            {
                Assert.That(SizeOf(metadata!), Is.LessThanOrEqualTo(CallMetadata.MaxBytes));
            }
        });

    [TestCase("traceparent", "00-ä")]
    [TestCase("traceparent", "")]
    [TestCase("tracestate", "a=b\r\nevil: yes")]
    public void A_trace_header_that_metadata_cannot_carry_is_left_out(string name, string value)
    {
        var metadata = default(CallMetadata);
        TraceContext.AddTo(ref metadata, Records.With((name, value)).Headers);
        Assert.That(metadata.Entries, Is.Null);
    }

    private static Metadata Make(EventRecord record)
    {
        Assert.That(EventMetadata.Make(record, Records.First, out var metadata), Is.Null);
        return metadata!;
    }

    private static Dictionary<string, string> Texts(Metadata metadata) =>
        metadata.Where(entry => !entry.IsBinary).ToDictionary(entry => entry.Key, entry => entry.Value);

    private static int SizeOf(Metadata metadata) => metadata.Sum(entry =>
        entry.Key.Length + CallMetadata.EntryBytes
        + (entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes).Length : entry.Value.Length));
}
