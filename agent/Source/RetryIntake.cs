using Microsoft.Extensions.Logging;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Source;

/// <summary>
/// What becomes of each record of the retry topics of one subscription: it is a copy that waits here until it is due, or it
/// is none. On the retry reader's thread.
/// </summary>
internal sealed class RetryIntake(RetryRoute route, Dispatcher dispatcher, DeadLetterWriter? letters, ILogger logger)
{
    private readonly PriorityQueue<(RetryPartition Partition, QueuedEvent Queued), (long DueMs, long Offset)> held = new();

    /// <summary>Takes a record; while its partition is read for the first time, only to know that it waits.</summary>
    public void Read(RetryPartition partition, EventRecord raw, int leaderEpoch)
    {
        var offset = raw.Position.Offset;
        if (partition.Start.Done.IsDone(offset) && !partition.IsScanned)
        {
            raw.Release();
            return;
        }

        var copy = RetryRecords.Read(raw, route.Names.AddressOf(partition.Delay), route.Source);
        var dueMs = RetryTiers.DueMs(copy.Due, raw.TimestampMs, partition.Delay);
        var place = new RetryPlace(partition.Delay, offset) { DueMs = dueMs };
        switch (copy.Kind)
        {
            case RetryRecordKind.Newer:
                // Pinned when it is read again and not before: what waits below it is begun then, and a commit would pass that.
                if (!partition.IsScanned || dispatcher.Retries.Pin(partition.Worker, raw, leaderEpoch))
                {
                    Stand(partition, $"retry_record_newer at {raw.Position}: {copy.Problem}. Run the later version of the agent");
                }

                break;
            case RetryRecordKind.Foreign when partition.IsScanned:
                Foreign(partition, raw, leaderEpoch, copy.Problem);
                return;
            case RetryRecordKind.Foreign:
                break;
            case RetryRecordKind.Ours when !partition.IsScanned:
                dispatcher.Retries.Found(partition.Worker, copy.Event!, place);
                copy.Event!.Release();
                break;
            case RetryRecordKind.Ours:
                Hold(partition, copy, place, leaderEpoch);
                break;
        }

        raw.Release();
    }

    /// <summary>Begins a copy, which waits here until it is due.</summary>
    private void Hold(RetryPartition partition, RetryRecord copy, RetryPlace place, int leaderEpoch)
    {
        if (dispatcher.Retries.Begin(partition.Worker, leaderEpoch, copy, place) is not { } queued)
        {
            copy.Event!.Release();
            return;
        }

        partition.HeldBytes += queued.Record.HeldBytes;
        held.Enqueue((partition, queued), (place.DueMs, queued.Record.Position.Offset));
    }

    /// <summary>A record that is no copy of ours: it goes to the dead letters as it is, or its partition stands.</summary>
    private void Foreign(RetryPartition partition, EventRecord raw, int leaderEpoch, string problem)
    {
        var reason = $"no record of ours at {raw.Position}: {problem}";
        if (letters is null)
        {
            if (dispatcher.Retries.Pin(partition.Worker, raw, leaderEpoch))
            {
                Stand(
                    partition, $"retry_record_foreign: {reason}. Set on-exhausted to dead-letter, or pass it over by agent offsets skip");
            }

            raw.Release();
        }
        else if (dispatcher.Retries.BeginForeign(partition.Worker, raw, leaderEpoch) is { } queued)
        {
            letters.WriteForeign(queued, reason);
        }
        else
        {
            raw.Release();
        }
    }

    /// <summary>Makes a source partition stand, and says so once.</summary>
    public void Stand(RetryPartition partition, string reason)
    {
        if (dispatcher.Read(partition.Source, static source => source.Standing) is not null)
        {
            return;
        }

        dispatcher.Stand(partition.Source, reason);
        Log.Stands(logger, partition.Source.Topic, partition.Source.Partition, reason);
    }

    /// <summary>Hands over what is due at this time, in milliseconds since the Unix epoch.</summary>
    public void LetGoWhatIsDue(long nowMs)
    {
        while (held.TryPeek(out var first, out var due) && due.DueMs <= nowMs)
        {
            held.Dequeue();
            first.Partition.HeldBytes -= first.Queued.Record.HeldBytes;
            dispatcher.Retries.Due(first.Queued);
        }
    }

    /// <summary>Lets go what waits of a source partition that was taken away.</summary>
    public void Forget(PartitionWorker source)
    {
        var kept = held.UnorderedItems.Where(item => item.Element.Partition.Source != source).ToList();
        foreach (var (element, _) in held.UnorderedItems.Where(item => item.Element.Partition.Source == source))
        {
            element.Queued.Record.Release();
        }

        held.Clear();
        held.EnqueueRange(kept);
    }
}
