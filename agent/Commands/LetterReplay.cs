using Confluent.Kafka;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.Commands;

/// <summary>What is to be replayed.</summary>
/// <param name="Wanted">Which letters.</param>
/// <param name="Letters">The dead-letter topic.</param>
/// <param name="Retry">Where their events go: the retry topic of the shortest delay.</param>
/// <param name="RetryTopics">All retry topics, which tell what was replayed before.</param>
/// <param name="Limit">Events at most.</param>
internal sealed record ReplayOrder(
    LetterFilter Wanted, string Letters, LetterAddress Retry, IReadOnlyList<string> RetryTopics, long Limit)
{
    /// <summary>Events a second at most.</summary>
    public required int Rate { get; init; }
}

/// <summary>
/// Puts the events of dead letters back into a retry topic, in the order of each partition, several on their way at a time.
/// It may be ended at any moment: the next one finds in the retry topics what this one has done.
/// </summary>
/// <param name="reader">Reads both.</param>
/// <param name="room">How much of it may wait in the retry topics.</param>
/// <param name="producer">Writes; null: nothing is written.</param>
/// <param name="time">The clock.</param>
/// <param name="progress">Who is told how far it is.</param>
internal sealed class LetterReplay(
    TopicReader reader, ReplayRoom room, IDeadLetterProducer? producer, TimeProvider time, TextWriter progress)
{
    /// <summary>Events on their way at a time.</summary>
    public const int MaxOnTheirWay = 32;

    /// <summary>The same in bytes; one always goes.</summary>
    public const int MaxBytesOnTheirWay = 4 * 1024 * 1024;

    /// <summary>How far the clocks of this machine, the agents and the brokers may differ.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromHours(1);

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(5);

    /// <summary>Time between two looks whether agents have taken enough out of the retry topics.</summary>
    private static readonly TimeSpan RoomEvery = TimeSpan.FromSeconds(1);

    private readonly Queue<(Task<ProduceOutcome> Answer, Letter Letter, EventRecord Event, Resend Resend)> onTheirWay = new();
    private readonly ReplayTally tally = new();
    private long bytesOnTheirWay;
    private long begun;
    private long startedAt;
    private long saidAt;

    /// <summary>Replays; what became of the letters.</summary>
    /// <exception cref="KafkaException">Kafka does not let us read.</exception>
    public async Task<ReplayTally> RunAsync(ReplayOrder order, ReplayPlan plan)
    {
        startedAt = saidAt = time.GetTimestamp();
        Learn(order, plan);

        foreach (var raw in Letters(order))
        {
            await TakeAsync(order, plan, raw);
            raw.Release();
            if (begun >= order.Limit || tally.Failure is not null)
            {
                break;
            }
        }

        while (onTheirWay.Count > 0)
        {
            await AcknowledgedAsync(order.Retry);
        }

        return tally;
    }

    /// <summary>Reads what was replayed before. A record of it is not older than its letter.</summary>
    private void Learn(ReplayOrder order, ReplayPlan plan)
    {
        var read = 0L;
        foreach (var topic in order.RetryTopics)
        {
            foreach (var (partition, offsets) in reader.Partitions(topic))
            {
                var from = order.Wanted.SinceMs is { } since
                    ? reader.OffsetAt(partition, since - (long)Skew.TotalMilliseconds)
                    : offsets.Low.Value;
                foreach (var raw in reader.Read(partition, from, offsets.High.Value))
                {
                    var copy = RetryRecords.Read(raw, order.Retry with { Topic = topic }, plan.Source);
                    plan.Saw(copy);
                    copy.Event?.Release();
                    raw.Release();
                    read++;
                    Say(() => $"{read} records of the retry topics read, to know what was replayed before");
                }
            }
        }
    }

    /// <summary>What is there when it begins: what comes meanwhile, and may have been replayed by it, is for the next one.</summary>
    private IEnumerable<EventRecord> Letters(ReplayOrder order)
    {
        foreach (var (partition, offsets) in reader.Partitions(order.Letters))
        {
            var from = order.Wanted.SinceMs is { } since ? reader.OffsetAt(partition, since) : offsets.Low.Value;
            foreach (var raw in reader.Read(partition, from, offsets.High.Value))
            {
                yield return raw;
            }
        }
    }

    private async Task TakeAsync(ReplayOrder order, ReplayPlan plan, EventRecord raw)
    {
        var letter = Letter.Of(raw);
        Say(() => $"{tally.Replayed} replayed; now at {letter.Position}");
        if (!order.Wanted.Matches(letter))
        {
            return;
        }

        var replay = plan.Of(raw);
        switch (replay.Turn)
        {
            case ReplayTurn.Replay when producer is null:
                begun++;
                tally.Replays(letter);
                replay.Event!.Release();
                break;
            case ReplayTurn.Replay:
                await SendAsync(order, letter, replay.Event!, replay.Provenance!);
                break;
            case ReplayTurn.Repeated or ReplayTurn.Others or ReplayTurn.Impossible:
                tally.PassesOver(letter, replay.Turn, replay.Problem);
                break;
        }
    }

    private async Task SendAsync(ReplayOrder order, Letter letter, EventRecord record, Provenance provenance)
    {
        await HasRoomAsync(order, record.Position.Partition);
        var early = TimeSpan.FromSeconds((double)begun++ / order.Rate) - time.GetElapsedTime(startedAt);
        while (onTheirWay.Count > 0 && (early > TimeSpan.Zero || onTheirWay.Count >= MaxOnTheirWay || bytesOnTheirWay > MaxBytesOnTheirWay))
        {
            await AcknowledgedAsync(order.Retry);
            early = TimeSpan.FromSeconds((double)(begun - 1) / order.Rate) - time.GetElapsedTime(startedAt);
        }

        if (tally.Failure is not null)
        {
            record.Release();
            return;
        }

        if (early > TimeSpan.Zero)
        {
            await Task.Delay(early, time);
        }

        var resend = new Resend(provenance, time.GetUtcNow().ToUnixTimeMilliseconds(), LetterDetail.Full);
        bytesOnTheirWay += record.HeldBytes;
        room.Take(record.Position.Partition);
        onTheirWay.Enqueue((producer!.ResendAsync(record, order.Retry, resend), letter, record, resend));
    }

    /// <summary>Waits until agents have taken enough of a partition out of the retry topics, or a replay fails.</summary>
    private async Task HasRoomAsync(ReplayOrder order, int partition)
    {
        var since = time.GetTimestamp();
        while (!room.Has(partition))
        {
            while (onTheirWay.Count > 0)
            {
                await AcknowledgedAsync(order.Retry);
            }

            if (tally.Failure is not null)
            {
                return;
            }

            Say(() => $"{tally.Replayed} replayed; waiting, since {ReplayRoom.MaxWaiting} events of partition {partition} wait in the "
                + "retry topics, which agents must deliver first");
            await Task.Delay(RoomEvery, time);

            // The rate is kept after a wait as before: what was not sent meanwhile is not made up for.
            var now = time.GetTimestamp();
            startedAt += now - since;
            since = now;
        }
    }

    private async Task AcknowledgedAsync(LetterAddress retry)
    {
        var (answer, letter, record, resend) = onTheirWay.Dequeue();
        var outcome = await answer;
        while (outcome.End == ProduceEnd.TooLarge && resend.Detail != LetterDetail.Bare)
        {
            // The others of its batch may be what was too large, then our own headers.
            resend = resend with { Detail = resend.Detail + 1 };
            outcome = await producer!.ResendAsync(record, retry, resend);
        }

        bytesOnTheirWay -= record.HeldBytes;
        record.Release();
        switch (outcome.End)
        {
            case ProduceEnd.Acknowledged:
                tally.Replays(letter);
                break;
            case ProduceEnd.TooLarge:
                tally.PassesOver(letter, ReplayTurn.Impossible, $"the retry topic does not take it: {outcome.Reason}");
                break;
            case ProduceEnd.NoTopic or ProduceEnd.Failed:
                tally.Failure ??= $"Kafka did not take the event of {letter.Position}: {outcome.Reason}";
                break;
        }
    }

    private void Say(Func<string> text)
    {
        if (time.GetElapsedTime(saidAt) >= ProgressEvery)
        {
            saidAt = time.GetTimestamp();
            progress.WriteLine($"agent: {text()}");
        }
    }
}
