using System.Globalization;
using System.Security.Cryptography;
using Sidecar.Delivery.V1;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>
/// Records that programs stumble over arrive byte for byte, or make their partition stand with the reason.
/// </summary>
internal sealed class AwkwardRecordTests
{
    private const int Partitions = 2;
    private const int HugeBytes = 20_000_000;
    private const int RoomBytes = 25_000_000;
    private static readonly byte[] NotText = [0xFF, 0xFE, 0x00, 0xC3, 0x28];
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task Every_record_arrives_byte_for_byte_from_the_mock_cluster() =>
        await RunAsync(await SharedKafka.GetMockAsync());

    [Test]
    public async Task Every_record_arrives_byte_for_byte_from_real_Kafka() =>
        await RunAsync(await SharedKafka.GetRealAsync());

    [Test]
    public async Task A_value_of_20_MB_arrives_byte_for_byte()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("huge");
        await kafka.CreateTopicAsync(
            topic, Partitions, ("max.message.bytes", RoomBytes.ToString(CultureInfo.InvariantCulture)));
        await using var inbox = await Inbox.StartAsync();
        var value = new byte[HugeBytes];
        new Random(1).NextBytes(value);
        using var records = new Records(kafka, topic, maxBytes: RoomBytes);
        records.Put("huge"u8.ToArray(), value, 0);
        records.Put("next"u8.ToArray(), "1"u8.ToArray(), 0);
        records.Flush();
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox);
        await inbox.HasAsync(2, Patience);
        var huge = inbox.Taken.Single(taken => taken.Position.Offset == 0);
        Assert.That(SHA256.HashData(huge.Data.Span), Is.EqualTo(SHA256.HashData(value)));
        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    [Test]
    public Task An_event_above_the_limit_makes_its_partition_stand_with_the_reason() =>
        StandsAsync("large", "too_large", "; max-message=64Ki", records =>
            records.Put("k"u8.ToArray(), new byte[100_000], 0));

    [Test]
    public Task A_header_name_that_is_not_UTF8_makes_its_partition_stand_with_the_reason() =>
        StandsAsync("name", "unsendable", "", records => records.PutWithRawHeaderName(0, [0xC3, 0x28]));

    private static async Task StandsAsync(string name, string reason, string subscription, Action<Records> put)
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic(name);
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic);
        records.Put("a"u8.ToArray(), "1"u8.ToArray(), 0);
        records.Flush();
        put(records);
        records.Put("b"u8.ToArray(), "1"u8.ToArray(), 1);
        records.Put("b"u8.ToArray(), "2"u8.ToArray(), 1);
        records.Flush();
        foreach (var (key, sequence) in ((string, long)[])[("a", 1), ("b", 1), ("b", 2)])
            inbox.Ledger.Expect(key, sequence);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, subscription);
        await inbox.HasAsync(3, Patience);
        await agent.MetricIsAsync(1, "sidecar_partition_standing", $"reason=\"{reason}\"", "partition=\"0\"");
        await agent.Process.WaitForLineAsync("the partition stands at", Patience);
        Assert.That(await agent.MetricAsync("sidecar_deliveries_total", "outcome=\"unsent\""), Is.EqualTo(1));
        Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    private static async Task RunAsync(KafkaServer kafka)
    {
        var topic = SharedKafka.NewTopic("awkward");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        (byte[]? Key, byte[]? Value, (string Name, byte[]? Value)[] Headers)[] awkward =
        [
            ("tombstone"u8.ToArray(), null, []),
            ("empty value"u8.ToArray(), [], []),
            (null, "null key"u8.ToArray(), []),
            ([], "empty key"u8.ToArray(), []),
            (null, null, []),
            (NotText, NotText, [("bytes", NotText)]),
            ("headers"u8.ToArray(), [1], [("null", null), ("empty", []), ("", [2])]),
            ("repeated"u8.ToArray(), [1], [("same", [1]), ("other", [2]), ("same", [3]), ("same", null)]),
        ];
        using var records = new Records(kafka, topic);
        foreach (var (key, value, headers) in awkward) records.Put(key, value, 0, headers);
        records.Flush();
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox);
        await inbox.HasAsync(awkward.Length, Patience);
        Assert.That(await agent.StopAsync(), Is.Zero);
        var taken = inbox.Taken.OrderBy(delivered => delivered.Position.Offset).ToList();
        Assert.That(taken, Has.Count.EqualTo(awkward.Length));
        Assert.Multiple(() =>
        {
            foreach (var (sent, got) in awkward.Zip(taken)) Same(sent.Key, sent.Value, sent.Headers, got);
        });
    }

    private static void Same(byte[]? key, byte[]? value, (string Name, byte[]? Value)[] headers, Event got)
    {
        var record = $"record {got.Position.Offset}";
        Assert.That(got.HasKey ? got.Key.ToByteArray() : null, Is.EqualTo(key), $"{record}: key");
        Assert.That(got.HasData ? got.Data.ToByteArray() : null, Is.EqualTo(value), $"{record}: value");
        Assert.That(
            got.Headers.Select(header =>
                (header.Name, header.HasValue ? Convert.ToHexString(header.Value.Span) : null)),
            Is.EqualTo(headers.Select(header =>
                (header.Name, header.Value is null ? null : Convert.ToHexString(header.Value)))),
            $"{record}: headers");
    }
}
