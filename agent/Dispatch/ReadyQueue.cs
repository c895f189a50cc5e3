using Sidecar.Agent.Admission;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// The events of one subscription that wait for nothing but a slot, first come first served; those that wait for their
/// pause to end; retries that wait for the budget; and suspects, which depart before all others, each alone. Those that
/// are ready are linked through the events themselves. Not synchronized.
/// </summary>
internal sealed class ReadyQueue(RetryBudget budget)
{
    private readonly PriorityQueue<QueuedEvent, TimeSpan> paused = new();
    private readonly Queue<QueuedEvent> unfunded = new();
    private readonly Queue<QueuedEvent> suspects = new();
    private QueuedEvent? first;
    private QueuedEvent? last;

    /// <summary>When the next event becomes ready by itself; null: none does.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            TimeSpan? due = paused.TryPeek(out _, out var at) ? at : null;
            return unfunded.Count > 0 && (due is null || budget.NextAt < due) ? budget.NextAt : due;
        }
    }

    /// <summary>Nothing is ready now.</summary>
    public bool IsEmpty => first is null && suspects.Count == 0;

    /// <summary>What departs next is to be alone in flight.</summary>
    public bool NextIsSuspect => suspects.Count > 0;

    /// <summary>What departs next; null: nothing is ready.</summary>
    public QueuedEvent? Next => suspects.TryPeek(out var suspect) ? suspect : first;

    /// <summary>Retries that wait for the budget.</summary>
    public int Unfunded => unfunded.Count;

    public void Add(QueuedEvent queued)
    {
        if (queued.IsSuspect)
        {
            suspects.Enqueue(queued);
            return;
        }

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
        if (queued.IsSuspect)
        {
            suspects.Enqueue(queued);
            return;
        }

        queued.NextReady = first;
        first = queued;
        last ??= queued;
    }

    /// <summary>The event becomes ready when its pause ends and, if it is a retry, the budget allows it.</summary>
    public void AddAfterPause(QueuedEvent queued, TimeSpan due) => paused.Enqueue(queued, due);

    /// <summary>Moves every event whose pause has ended to those that are ready.</summary>
    public void EndPauses(TimeSpan now)
    {
        while (unfunded.Count > 0 && budget.TrySpend(now))
        {
            Add(unfunded.Dequeue());
        }

        while (paused.TryPeek(out _, out var due) && due <= now)
        {
            var queued = paused.Dequeue();
            if (queued.Attempts > 0 && (unfunded.Count > 0 || !budget.TrySpend(now)))
            {
                unfunded.Enqueue(queued);
            }
            else
            {
                Add(queued);
            }
        }
    }

    public QueuedEvent? Take()
    {
        if (suspects.TryDequeue(out var suspect))
        {
            return suspect;
        }

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
        for (var left = unfunded.Count; left > 0; left--)
        {
            var queued = unfunded.Dequeue();
            if (queued.Worker == worker)
            {
                removed.Add(queued);
            }
            else
            {
                unfunded.Enqueue(queued);
            }
        }

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
