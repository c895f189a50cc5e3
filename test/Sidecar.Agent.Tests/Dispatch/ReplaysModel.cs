using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Dispatch;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>The dead letters of one source partition, and a person who replays them now and then.</summary>
internal sealed class ReplaysModel(RetryTopicsModel kafka, TimeSpan shortest)
{
    private readonly ReplayPlan plan = new("g", "s", "t", 1);
    private readonly List<EventRecord> letters = [];
    private readonly HashSet<long> waited = [];

    /// <summary>Events that went back.</summary>
    public int Count { get; private set; }

    /// <summary>Events that went back and have not come to an end since.</summary>
    public IReadOnlyCollection<long> Unended => waited;

    /// <summary>Kafka has the dead letter of an event. What is no event is not replayed.</summary>
    public void Letter(QueuedEvent queued, long nowMs)
    {
        if (queued.IsForeign)
        {
            return;
        }

        var provenance = new Provenance(
            queued.Record.Position, queued.Record.TimestampMs, queued.Attempts, queued.FirstFailureMs, nowMs, "rejected", null)
        {
            Replays = queued.Replays,
        };
        var headers = LetterHeaders.Of(queued.Record, new LetterAddress("g", "s", "g.s.dlq"), provenance, LetterDetail.Full);
        letters.Add(RetryTopicsModel.Written(queued.Record, headers, new TopicPosition("g.s.dlq", 0, letters.Count), nowMs));
    }

    /// <summary>An event has come to an end.</summary>
    public void Ended(QueuedEvent queued)
    {
        if (!queued.IsForeign)
        {
            waited.Remove(queued.Record.Position.Offset);
        }
    }

    /// <summary>Replays what was not replayed before.</summary>
    public void Replay(long nowMs)
    {
        foreach (var letter in letters)
        {
            if (plan.Of(letter) is { Turn: ReplayTurn.Replay, Event: { } record, Provenance: { } provenance })
            {
                kafka.Append(record, shortest, new Resend(provenance, nowMs, LetterDetail.Full), nowMs);
                waited.Add(record.Position.Offset);
                Count++;
            }
        }
    }
}
