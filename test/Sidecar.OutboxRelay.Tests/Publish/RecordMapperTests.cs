using System.Text;
using Confluent.Kafka;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Publish;

namespace Sidecar.OutboxRelay.Tests.Publish;

[TestFixture]
internal sealed class RecordMapperTests
{
    [Test]
    public void The_rows_headers_come_first_in_order_with_repeated_names_and_nulls()
    {
        Assert.That(
            Headers("""[["a","1"],["b",null],["a",""],["é","\u00e9\n"]]""").Take(4),
            Is.EqualTo(new[] { "a=1", "b=null", "a=", "é=é\n" }));
    }

    [Test]
    public void Absent_cloud_events_headers_are_added()
    {
        Assert.That(Headers(null), Is.EqualTo(new[]
        {
            "ce_specversion=1.0", "ce_id=uuid-7", "ce_source=/outbox/uuid", "ce_time=2023-11-14T22:13:20.123Z",
            "sidecar-outbox-seq=5/3/7",
        }));
    }

    [Test]
    public void Headers_that_the_row_has_are_not_altered_but_its_place_is_ours_to_say()
    {
        Assert.That(
            Headers("""[["ce_id","mine"],["ce_time","then"],["sidecar-outbox-seq","forged"]]"""),
            Is.EqualTo(new[]
            {
                "ce_id=mine", "ce_time=then", "ce_specversion=1.0", "ce_source=/outbox/uuid",
                "sidecar-outbox-seq=5/3/7",
            }));
    }

    [TestCase("")]
    [TestCase("{}")]
    [TestCase("[1]")]
    [TestCase("""[["a"]]""")]
    [TestCase("""[["a","1","2"]]""")]
    [TestCase("""[["a",1]]""")]
    [TestCase("""[[null,"1"]]""")]
    [TestCase("""[["","1"]]""")]
    [TestCase("""[["a","1"]""")]
    [TestCase("""[["a","1"]] x""")]
    [TestCase("""[["a","\ud800"]]""")]
    public void Headers_that_are_not_pairs_are_poison_with_a_reason(string json) =>
        Assert.That(Map(json).Poison, Does.Contain("header"));

    [Test]
    public void A_time_that_no_calendar_has_is_left_out() =>
        Assert.That(
            Text(Mapper().Map(Row(null, createdMs: long.MaxValue)).Message!), Has.None.StartWith("ce_time"));

    [Test]
    public void The_size_is_what_the_log_format_takes()
    {
        // 61 for the batch; length 1, attributes 1, two deltas 2, key 1+3, value 2+100, header count 1, one header 1+1
        // + 1+2
        var message = new Message<byte[]?, byte[]?> { Key = new byte[3], Value = new byte[100], Headers = [] };
        message.Headers.Add("h", new byte[2]);
        Assert.That(RecordSize.Of(message), Is.EqualTo(61 + 2 + 3 + 4 + 102 + 1 + 5));
    }

    private static IEnumerable<string> Headers(string? json) => Text(Map(json).Message!);

    private static MappedRow Map(string? json) => Mapper().Map(Row(json));

    private static RecordMapper Mapper() => new(new PublishOptions(), "uuid");

    private static OutboxRow Row(string? json, long createdMs = 1700000000123) => new()
    {
        Id = 7,
        Bucket = 5,
        Epoch = 3,
        Topic = "t",
        CreatedMs = createdMs,
        StoredBytes = 0,
        Headers = json is null ? null : Encoding.UTF8.GetBytes(json),
    };

    private static IEnumerable<string> Text(Message<byte[]?, byte[]?> message) => message.Headers.Select(header =>
        $"{header.Key}={(header.GetValueBytes() is { } bytes ? Encoding.UTF8.GetString(bytes) : "null")}");
}
