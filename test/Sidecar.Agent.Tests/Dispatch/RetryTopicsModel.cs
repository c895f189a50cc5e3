using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>What Kafka holds of one source partition, its retry partitions and the group's offsets, as lists.</summary>
internal sealed class RetryTopicsModel(IEnumerable<string?> keys, IEnumerable<TimeSpan> delays)
{
    public static RetryTopicNames Names { get; } = new("g", "s");

    /// <summary>The keys of the source's records, by offset.</summary>
    public List<string?> Source { get; } = [.. keys];

    public Dictionary<TimeSpan, List<EventRecord>> Topics { get; } = delays.ToDictionary(delay => delay, _ => new List<EventRecord>());

    public Dictionary<string, PartitionOffset> Committed { get; } = [];

    /// <summary>The ledger that a new owner begins with, and what is done above its position.</summary>
    public (PartitionTracker Ledger, AckMap Done) Restored(string topic)
    {
        if (!Committed.TryGetValue(topic, out var offset))
        {
            return (new PartitionTracker(0, AckMap.Empty(0)), AckMap.Empty(0));
        }

        Assert.That(AckMapCodec.TryDecode(offset.Metadata, offset.Offset, out var map, out _) || offset.Metadata.Length == 0, Is.True);
        return (new PartitionTracker(offset.Offset, map), map);
    }

    /// <summary>What an owner commits.</summary>
    public void Commit(IEnumerable<PartitionOffset> offsets)
    {
        foreach (var offset in offsets)
        {
            Committed[offset.Topic] = offset;
        }
    }

    /// <summary>The copies in a topic that are not done, as the agent finds them.</summary>
    public IEnumerable<(RetryRecord Copy, RetryPlace Place)> Waiting(TimeSpan delay, int from, AckMap done)
    {
        foreach (var raw in Topics[delay].Skip(from).Where(raw => !done.IsDone(raw.Position.Offset) && !IsForeign(raw)))
        {
            yield return (Copy(raw, delay, out var place), place);
        }
    }

    /// <summary>The record was put here by somebody else.</summary>
    public static bool IsForeign(EventRecord raw) => raw.Headers.IsEmpty;

    /// <summary>Such a record as the agent reads it.</summary>
    public static EventRecord Again(EventRecord raw) => Written(raw, [], raw.Position, raw.TimestampMs);

    /// <summary>Somebody else puts a record into a retry topic.</summary>
    public void AppendForeign(TimeSpan delay, string key)
    {
        var topic = Topics[delay];
        topic.Add(Records.Of(topic.Count, key, Names.Of(delay)));
    }

    /// <summary>A record of a retry topic as the agent reads it.</summary>
    public static RetryRecord Copy(EventRecord raw, TimeSpan delay, out RetryPlace place)
    {
        var copy = RetryRecords.Read(raw, Names.AddressOf(delay), "t");
        Assert.That(copy.Kind, Is.EqualTo(RetryRecordKind.Ours), copy.Problem);
        place = new RetryPlace(delay, raw.Position.Offset) { DueMs = RetryTiers.DueMs(copy.Due, raw.TimestampMs, delay) };
        return copy;
    }

    /// <summary>A copy arrives.</summary>
    public void Append(PendingResend pending, long nowMs)
    {
        var queued = pending.Queued;
        var provenance = new Provenance(
            queued.Record.Position, queued.Record.TimestampMs, queued.Attempts, queued.FirstFailureMs, nowMs, pending.Outcome, null)
        {
            Replays = queued.Replays,
        };
        Append(queued.Record, pending.Delay, new Resend(provenance, pending.DueMs, LetterDetail.Full) { Delays = queued.Delays }, nowMs);
    }

    /// <summary>A record of an event arrives in a retry topic.</summary>
    public void Append(EventRecord record, TimeSpan delay, Resend resend, long nowMs)
    {
        var topic = Topics[delay];
        var headers = RetryRecords.Headers(record, Names.AddressOf(delay), resend);
        topic.Add(Written(record, headers, new TopicPosition(Names.Of(delay), 0, topic.Count), nowMs));
    }

    /// <summary>A record with these headers instead of its own.</summary>
    public static EventRecord Written(EventRecord record, IEnumerable<OutgoingHeader> headers, TopicPosition place, long nowMs)
    {
        var writer = new RecordWriter(0);
        if (record.HasKey)
        {
            writer.Key(record.Key);
        }

        writer.Value(record.Value);
        foreach (var header in headers)
        {
            writer.Header(header.Name, header.Value, header.Value is null);
        }

        return writer.Finish(place, nowMs);
    }
}
