using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Source;

/// <summary>Where a partition is read from, and what is already done above that.</summary>
/// <param name="Offset">The first offset to read.</param>
/// <param name="LeaderEpoch">The leader epoch of the record before it; -1: not known.</param>
/// <param name="Done">What an earlier owner had done above it.</param>
/// <param name="StartPartitions">How many partitions the topic had when the group started in it; 0: not recorded.</param>
/// <param name="IsRecorded">The group has it committed; otherwise it is to be recorded at once.</param>
internal readonly record struct StartPosition(
    long Offset, int LeaderEpoch, AckMap Done, int StartPartitions, bool IsRecorded);

/// <summary>
/// Finds where assigned partitions are read from: what the group committed, or, where it never committed, what the
/// subscription says. The client's own reset is off: a position is never chosen silently.
/// </summary>
/// <remarks>
/// `start: latest` holds for the partitions that exist when the group first joins; records of a partition that is added
/// later would be lost by it. So the number of partitions at that time travels in the metadata of every commit.
/// </remarks>
internal sealed class StartPositions(KafkaConsumer consumer, ILogger<StartPositions> logger, TimeSpan timeout)
{
    /// <summary>Asks Kafka; blocks for at most a few times the timeout. False: it cannot be told now, and why.</summary>
    public bool TryFind(
        IReadOnlyList<TopicPartition> partitions,
        Func<string, StartAt> startOf,
        out Dictionary<TopicPartition, StartPosition> found,
        out string? reason)
    {
        found = [];
        try
        {
            if (!TryCommitted(partitions, out var committed, out reason))
            {
                return false;
            }

            foreach (var (partition, offset) in committed)
            {
                found[partition] = offset.Offset >= 0 ? Resume(offset) : default;
            }

            foreach (var partition in partitions.Where(p => committed[p].Offset < 0))
            {
                found[partition] = Begin(partition, startOf(partition.Topic));
            }

            return true;
        }
        catch (KafkaException error)
        {
            reason = error.Error.Reason;
            return false;
        }
    }

    private StartPosition Resume(PartitionOffset committed)
    {
        if (!AckMapCodec.TryDecode(committed.Metadata, committed.Offset, out var done, out var startPartitions)
            && committed.Metadata.Length > 0)
        {
            Log.ForeignMetadata(logger, committed.Topic, committed.Partition, committed.Offset);
        }

        return new(committed.Offset, committed.LeaderEpoch, done, startPartitions, IsRecorded: true);
    }

    private StartPosition Begin(TopicPartition partition, StartAt start)
    {
        var watermarks = consumer.QueryWatermarks(partition, timeout);
        var startPartitions = start == StartAt.Latest ? StartPartitionsOf(partition.Topic) : 0;
        var offset = start == StartAt.Latest && partition.Partition.Value < startPartitions
            ? watermarks.High.Value
            : watermarks.Low.Value;
        Log.StartsAt(logger, partition.Topic, partition.Partition.Value, offset, start);
        return new(offset, -1, AckMap.Empty(offset), startPartitions, IsRecorded: false);
    }

    /// <summary>
    /// How many partitions the topic had when the group first joined. If no partition has a commit, that is now. If some
    /// have, but without our record, another program read the topic with this group: nothing is taken for new then.
    /// </summary>
    private int StartPartitionsOf(string topic)
    {
        var count = consumer.PartitionCount(topic, timeout);
        var all = Enumerable.Range(0, count).Select(partition => new TopicPartition(topic, partition)).ToList();
        if (!TryCommitted(all, out var committed, out var reason))
        {
            throw new KafkaException(new Error(ErrorCode.Local_TimedOut, reason));
        }

        var known = committed.Values.Where(offset => offset.Offset >= 0).ToList();
        var recorded = known
            .Select(o => AckMapCodec.TryDecode(o.Metadata, o.Offset, out _, out var started) ? started : 0)
            .Where(started => started > 0);
        return known.Count == 0 ? count : recorded.FirstOrDefault();
    }

    private bool TryCommitted(
        IReadOnlyList<TopicPartition> partitions,
        out Dictionary<TopicPartition, PartitionOffset> committed,
        out string? reason)
    {
        var asked = partitions.Select(p => new PartitionOffset(p.Topic, p.Partition.Value, -1, -1, "")).ToList();
        var error = consumer.Committed(asked, timeout, out var entries);
        var failed = error != ErrorCode.NoError ? error : entries.Select(e => e.Error).FirstOrDefault(e => e != ErrorCode.NoError);
        committed = entries.ToDictionary(e => new TopicPartition(e.Offset.Topic, e.Offset.Partition), e => e.Offset);
        reason = failed == ErrorCode.NoError ? null : Librdkafka.Describe(failed);
        return reason is null;
    }
}
