using Sidecar.Agent.Contracts;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.DeadLetter;

/// <summary>What a copy in a retry topic says of its event.</summary>
/// <param name="Provenance">Where the event came from, and how its last attempt ended.</param>
/// <param name="DueMs">When it is to be delivered, in milliseconds since the Unix epoch.</param>
/// <param name="Detail">How much of it is said.</param>
public sealed record Resend(Provenance Provenance, long DueMs, LetterDetail Detail)
{
    /// <summary>Delays that the event has been given for having failed, this one included if it is.</summary>
    public int Delays { get; init; }
}

/// <summary>What a record of a retry topic is. A closed set.</summary>
public enum RetryRecordKind
{
    /// <summary>A copy of an event of this partition.</summary>
    Ours,

    /// <summary>It was not written by this subscription, or was altered.</summary>
    Foreign,

    /// <summary>An agent of a later version wrote it: this one cannot know what it means.</summary>
    Newer,
}

/// <summary>A record of a retry topic, as it was read.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Problem">For all but <see cref="RetryRecordKind.Ours"/>: what is wrong, for people.</param>
/// <param name="Event">For <see cref="RetryRecordKind.Ours"/>: the event as it was first read; released by who takes it.</param>
/// <param name="Attempts">Attempts that counted.</param>
/// <param name="FirstFailureMs">When the first of them failed, in milliseconds since the Unix epoch.</param>
/// <param name="Due">When it says that it is due; null: it does not.</param>
public sealed record RetryRecord(
    RetryRecordKind Kind, string Problem, EventRecord? Event, int Attempts, long FirstFailureMs, string? Due)
{
    /// <summary>How often its event came back from the dead letters.</summary>
    public int Replays { get; init; }

    /// <summary>
    /// Delays that its event was given for having failed: one that went behind another was given none. Null: it does not say,
    /// since an earlier version wrote it.
    /// </summary>
    public int? Delays { get; init; }

    /// <summary>A person put it here, from the dead letters: it is no copy of what an agent had.</summary>
    public bool IsReplay { get; init; }
}

/// <summary>
/// Events as records of retry topics: the record untouched, with our headers behind its own; and back again, to the very
/// record that was first read, so that nothing further down the line can tell the difference. Pure.
/// </summary>
public static class RetryRecords
{
    /// <summary>The version of the headers that this agent writes and reads.</summary>
    public const int Version = 1;

    /// <summary>The outcome that a record says which a person put here from the dead letters.</summary>
    public const string Replayed = "replayed";

    private const int MostAttempts = 1_000_000;

    /// <summary>All headers of a copy.</summary>
    internal static List<OutgoingHeader> Headers(EventRecord record, LetterAddress address, Resend resend)
    {
        // Without the reason, which alone can be long, all of it is still there that a reader needs.
        var said = resend.Detail == LetterDetail.Bare ? resend.Provenance with { Reason = null } : resend.Provenance;
        var headers = LetterHeaders.Of(record, address, said, LetterDetail.Full);
        LetterHeaders.Add(headers, LetterHeaders.Due, LetterHeaders.Text(resend.DueMs));
        LetterHeaders.Add(headers, LetterHeaders.Delays, $"{resend.Delays}");
        LetterHeaders.Add(headers, LetterHeaders.Retry, $"{Version}");
        return headers;
    }

    /// <summary>Reads a record of a retry topic; anything may stand there.</summary>
    /// <param name="raw">The record; the caller releases it.</param>
    /// <param name="address">The subscription that reads.</param>
    /// <param name="source">The topic that the subscription reads its events from.</param>
    public static RetryRecord Read(EventRecord raw, LetterAddress address, string source)
    {
        var said = SaidHeaders.Of(raw);
        if (said.Number(LetterHeaders.Retry) is not { } version || version < 1)
        {
            return Bad(RetryRecordKind.Foreign, "it has no header of ours that tells its version");
        }

        if (version > Version)
        {
            return Bad(RetryRecordKind.Newer, $"it is of version {version}, and this agent knows version {Version}");
        }

        if (said.Text(LetterHeaders.Group) != address.Group || said.Text(LetterHeaders.Subscription) != address.Subscription)
        {
            return Bad(RetryRecordKind.Foreign, "it is another group's or subscription's");
        }

        if (said.Text(LetterHeaders.Topic) != source || said.Number(LetterHeaders.Partition) != raw.Position.Partition)
        {
            return Bad(RetryRecordKind.Foreign, $"its event is not from {source}/{raw.Position.Partition}");
        }

        if (said.Number(LetterHeaders.Offset) is not { } offset
            || said.Number(LetterHeaders.Attempts) is not { } attempts || attempts > MostAttempts)
        {
            return Bad(RetryRecordKind.Foreign, "its offset or its attempts cannot be read");
        }

        var origin = new TopicPosition(source, raw.Position.Partition, offset);
        return new RetryRecord(
            RetryRecordKind.Ours,
            "",
            Restore(raw, origin, said.Number(LetterHeaders.Timestamp) ?? -1),
            (int)attempts,
            said.Number(LetterHeaders.FirstFailure) ?? 0,
            said.Text(LetterHeaders.Due))
        {
            Replays = said.Replays,
            Delays = said.Number(LetterHeaders.Delays) is { } delays ? (int)Math.Min(delays, MostAttempts) : null,
            IsReplay = said.Text(LetterHeaders.Outcome) == Replayed,
        };
    }

    private static RetryRecord Bad(RetryRecordKind kind, string problem) => new(kind, problem, null, 0, 0, null);

    /// <summary>The record as it was first read: without our headers, at its first place.</summary>
    internal static EventRecord Restore(EventRecord raw, TopicPosition origin, long timestampMs)
    {
        var writer = new RecordWriter(raw.HeldBytes);
        if (raw.HasKey)
        {
            writer.Key(raw.Key);
        }

        if (raw.HasValue)
        {
            writer.Value(raw.Value);
        }

        foreach (var header in raw.Headers)
        {
            if (!LetterHeaders.IsOurs(header.Name))
            {
                writer.Header(header.Name, header.Value, header.IsNull);
            }
        }

        return writer.Finish(origin, timestampMs);
    }
}
