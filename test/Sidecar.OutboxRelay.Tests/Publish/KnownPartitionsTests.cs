using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Time.Testing;
using Sidecar.OutboxRelay.Publish;

namespace Sidecar.OutboxRelay.Tests.Publish;

[TestFixture]
internal sealed class KnownPartitionsTests
{
    private readonly FakeTimeProvider time = new();

    [TestCase("21", -973932308)]
    [TestCase("foobar", -790332482)]
    [TestCase("a-little-bit-long-string", -985981536)]
    [TestCase("a-little-bit-longer-string", -1486304829)]
    [TestCase("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [TestCase("abc", 479470107)]
    public void The_hash_is_that_of_the_Java_client(string key, int hash) =>
        Assert.That((int)Murmur2.Hash(Encoding.UTF8.GetBytes(key)), Is.EqualTo(hash));

    [Test]
    public void The_first_record_of_each_partition_goes_alone_until_it_is_acknowledged()
    {
        var partitions = new KnownPartitions(time);
        partitions.Learn("t", 2);
        OutgoingRecord[] records = [.. Enumerable.Range(0, 20).Select(i => Record(i, $"key {i / 2}"))];
        var first = partitions.FirstOnUnknown(records);
        Assert.That(first, Has.Count.EqualTo(2));
        Assert.That(first[0].Row.Id, Is.Zero);

        Acknowledge(first, 2);
        Assert.That(partitions.Acknowledged(first), Is.Empty);
        Assert.That(partitions.FirstOnUnknown(records), Is.Empty);
        partitions.Forget();
        Assert.That(partitions.FirstOnUnknown(records), Has.Count.EqualTo(2), "a new producer");
    }

    [Test]
    public void A_partition_is_not_trusted_for_ever()
    {
        var partitions = new KnownPartitions(time);
        partitions.Learn("t", 1);
        List<OutgoingRecord> records = [Record(1, "a")];
        Acknowledge(records, 1);
        partitions.Acknowledged(records);
        time.Advance(KnownPartitions.TrustedFor);
        Assert.That(partitions.FirstOnUnknown(records), Has.Count.EqualTo(1));
    }

    [Test]
    public void Partitions_that_were_added_are_noticed()
    {
        var partitions = new KnownPartitions(time);
        partitions.Learn("t", 1);
        List<OutgoingRecord> records = [Record(1, "21")];
        Acknowledge(records, 50);
        Assert.That(partitions.Acknowledged(records), Is.EqualTo(new[] { "t" }));
    }

    [Test]
    public void A_record_without_a_key_need_not_wait()
    {
        var partitions = new KnownPartitions(time);
        partitions.Learn("t", 1);
        Assert.That(partitions.FirstOnUnknown([Record(1, null)]), Is.Empty);
    }

    private static void Acknowledge(List<OutgoingRecord> records, int partitions)
    {
        _ = new Window(records, []);
        records.ForEach(record =>
            record.Report(new Error(ErrorCode.NoError), Murmur2.Partition(record.Row.Key, partitions)));
    }

    private static OutgoingRecord Record(long id, string? key) =>
        new(WindowPlanTests.Row(id, key), new Message<byte[]?, byte[]?>());
}
