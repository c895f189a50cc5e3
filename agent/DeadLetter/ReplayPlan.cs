using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.DeadLetter;

/// <summary>What a replay does with a dead letter. A closed set.</summary>
public enum ReplayTurn
{
    /// <summary>Its event goes into the retry topic.</summary>
    Replay,

    /// <summary>It was replayed before, or stands in the topic twice.</summary>
    Repeated,

    /// <summary>It is another group's or subscription's.</summary>
    Others,

    /// <summary>Its event cannot go back to where it came from.</summary>
    Impossible,
}

/// <summary>What is to be done with one dead letter.</summary>
/// <param name="Turn">What.</param>
/// <param name="Problem">For <see cref="ReplayTurn.Impossible"/>: why, for people.</param>
/// <param name="Event">For <see cref="ReplayTurn.Replay"/>: the event as it was first read; released by who takes it.</param>
/// <param name="Provenance">For the same: what its record in the retry topic says.</param>
public readonly record struct Replay(ReplayTurn Turn, string Problem, EventRecord? Event, Provenance? Provenance);

/// <summary>
/// Decides which dead letters go back, each once. What was replayed before is known from the records of the retry topics
/// themselves, which say how often their event came back: there is no second place that could disagree. Pure.
/// </summary>
/// <param name="group">The consumer group.</param>
/// <param name="subscription">The subscription.</param>
/// <param name="source">The topic that it reads its events from.</param>
/// <param name="partitions">Partitions of the retry topic.</param>
public sealed class ReplayPlan(string group, string subscription, string source, int partitions)
{
    private readonly Dictionary<(int Partition, long Offset), int> replays = [];

    /// <summary>The topic that the subscription reads its events from.</summary>
    public string Source => source;

    /// <summary>The topic has dead letters of this subscription alone, so that one which does not say whose it is, is ours.</summary>
    public bool IsOwnTopic { get; init; }

    /// <summary>A record of a retry topic: what it says of replays is known from here on.</summary>
    public void Saw(RetryRecord copy)
    {
        if (copy is { Kind: RetryRecordKind.Ours, Replays: > 0, Event.Position: var origin })
        {
            Came(origin, copy.Replays);
        }
    }

    /// <summary>Decides what is to be done with a letter. One that goes back counts as replayed from here on.</summary>
    /// <param name="raw">The record of the dead-letter topic; anything may stand there. The caller releases it.</param>
    public Replay Of(EventRecord raw)
    {
        var said = SaidHeaders.Of(raw);
        if (said.Text(LetterHeaders.Group) is { } itsGroup
            ? itsGroup != group || said.Text(LetterHeaders.Subscription) != subscription
            : !IsOwnTopic)
        {
            return new Replay(ReplayTurn.Others, "", null, null);
        }

        if (said.Text(LetterHeaders.Topic) is not { } topic || said.Number(LetterHeaders.Offset) is not { } offset
            || said.Number(LetterHeaders.Partition) is not { } partition)
        {
            return Impossible("it does not say where its event was read");
        }

        if (topic != source)
        {
            return Impossible($"its event is not from {source}");
        }

        if (partition >= partitions)
        {
            return Impossible($"its event is from partition {partition}, and the retry topic has {partitions} partitions");
        }

        var origin = new TopicPosition(source, (int)partition, offset);
        if (replays.GetValueOrDefault((origin.Partition, offset)) > said.Replays)
        {
            return new Replay(ReplayTurn.Repeated, "", null, null);
        }

        Came(origin, said.Replays + 1);
        var record = RetryRecords.Restore(raw, origin, said.Number(LetterHeaders.Timestamp) ?? -1);

        // Its attempts begin anew: it would be at its end after one, and what it failed by is hoped to be mended.
        var provenance = new Provenance(
            origin, record.TimestampMs, Attempts: 0, said.Number(LetterHeaders.FirstFailure) ?? 0,
            said.Number(LetterHeaders.LastFailure) ?? 0, RetryRecords.Replayed, Reason: null)
        {
            Replays = said.Replays + 1,
        };
        return new Replay(ReplayTurn.Replay, "", record, provenance);
    }

    private static Replay Impossible(string problem) => new(ReplayTurn.Impossible, problem, null, null);

    private void Came(TopicPosition origin, int times)
    {
        var key = (origin.Partition, origin.Offset);
        replays[key] = Math.Max(times, replays.GetValueOrDefault(key));
    }
}
