namespace Sidecar.Agent.Dispatch;

/// <summary>
/// The events of one subscription that wait for nothing but a slot, first come first served, and those that wait for
/// their pause to end. Linked through the events themselves; not synchronized.
/// </summary>
internal sealed class ReadyQueue
{
    private readonly PriorityQueue<QueuedEvent, TimeSpan> paused = new();
    private QueuedEvent? first;
    private QueuedEvent? last;

    /// <summary>When the next pause ends; null: none is paused.</summary>
    public TimeSpan? NextDue => paused.TryPeek(out _, out var due) ? due : null;

    /// <summary>Nothing is ready now.</summary>
    public bool IsEmpty => first is null;

    public void Add(QueuedEvent queued)
    {
        if (last is null)
        {
            first = queued;
        }
        else
        {
            last.NextReady = queued;
        }

        last = queued;
    }

    /// <summary>Puts an event back before all others: it was first, and nothing was spent on it.</summary>
    public void AddFirst(QueuedEvent queued)
    {
        queued.NextReady = first;
        first = queued;
        last ??= queued;
    }

    /// <summary>The event becomes ready when its pause ends.</summary>
    public void AddAfterPause(QueuedEvent queued, TimeSpan due) => paused.Enqueue(queued, due);

    /// <summary>Moves every event whose pause has ended to those that are ready.</summary>
    public void EndPauses(TimeSpan now)
    {
        while (paused.TryPeek(out _, out var due) && due <= now)
        {
            Add(paused.Dequeue());
        }
    }

    public QueuedEvent? Take()
    {
        if (first is not { } taken)
        {
            return null;
        }

        first = taken.NextReady;
        last = first is null ? null : last;
        taken.NextReady = null;
        return taken;
    }

    /// <summary>Takes out every event of a worker that was closed.</summary>
    public List<QueuedEvent> Remove(PartitionWorker worker)
    {
        var removed = new List<QueuedEvent>();
        var kept = new List<QueuedEvent>();
        while (Take() is { } queued)
        {
            (queued.Worker == worker ? removed : kept).Add(queued);
        }

        kept.ForEach(Add);
        var keptPaused = new List<(QueuedEvent, TimeSpan)>();
        while (paused.TryDequeue(out var queued, out var due))
        {
            if (queued.Worker == worker)
            {
                removed.Add(queued);
            }
            else
            {
                keptPaused.Add((queued, due));
            }
        }

        paused.EnqueueRange(keptPaused);
        return removed;
    }
}
