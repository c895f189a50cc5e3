using Confluent.Kafka;
using Sidecar.Agent.Commands;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Commands;

public sealed class RetryLagTests
{
    [TestCase(0, 0, 10_001, 1, Description = "one is parked, and all behind it are done")]
    [TestCase(0, 0, 10_011, 11, Description = "ten more have come")]
    [TestCase(0, 5_000, 10_001, 0, Description = "the topic has forgotten the parked one, and some of the others")]
    [TestCase(0, 0, 5_000, 1, Description = "the end was asked for before the commit")]
    [TestCase(0, 20_000, 20_010, 10, Description = "all that was committed is forgotten")]
    public void What_is_done_above_the_committed_offset_does_not_wait(long committed, long low, long high, long undone)
    {
        var map = new AckMap.Builder(committed);
        map.Done(1, continues: false);
        map.Done(10_000, continues: true);

        Assert.That(Undone(committed, AckMapCodec.Encode(map.Build(), 1), low, high), Is.EqualTo(undone));
    }

    [TestCase(-1001, "", 3, 10, 7)]
    [TestCase(5, "", 3, 10, 5)]
    [TestCase(5, "somebody's", 3, 10, 5)]
    [TestCase(12, "", 3, 10, 0)]
    public void Without_a_map_all_above_the_committed_offset_waits(long committed, string metadata, long low, long high, long undone) =>
        Assert.That(Undone(committed, metadata, low, high), Is.EqualTo(undone));

    private static long Undone(long committed, string metadata, long low, long high) => RetryLag.Undone(
        new PartitionOffset("g.s.retry.1m", 0, committed, -1, metadata), new WatermarkOffsets(low, high));
}
