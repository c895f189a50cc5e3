using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Stage 3: hands the events of one subscription to its delivery slots, one event per key at a time, and takes their
/// outcomes back into the ledgers. The consume thread and the slots meet here: one lock, no I/O and no await under it.
/// </summary>
/// <remarks>
/// Invariants: an event that is paused, held or ending keeps its lane, so the next of its key stays behind it; no slot is
/// occupied by an event that waits; what returns for a closed worker changes no ledger that is still read.
/// </remarks>
public sealed class Dispatcher : IDisposable
{
    private readonly Lock guard = new();
    private readonly Departures departures;
    private readonly List<PartitionWorker> workers = [];
    private readonly DispatchOptions options;
    private readonly BufferBudget budget;
    private readonly TimeProvider time;
    private readonly Settlement settlement;
    private readonly RoomSignal room = new();

    /// <param name="options">Order and limits.</param>
    /// <param name="delivery">Attempts and pauses.</param>
    /// <param name="budget">The memory that all subscriptions share.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Chance for the pauses; used under the lock only.</param>
    public Dispatcher(
        DispatchOptions options, DeliveryOptions delivery, BufferBudget budget, TimeProvider time, Random random)
    {
        this.options = options;
        this.budget = budget;
        this.time = time;
        departures = new Departures(guard, time, options, delivery);
        settlement = new Settlement(departures, options, delivery, random);
        Control = new DepartureControl(guard, departures);
        Retries = new RetryDesk(guard, workers, settlement, departures, time);
    }

    /// <summary>Stops and starts all of its deliveries from outside.</summary>
    internal DepartureControl Control { get; }

    /// <summary>Where its retry topics meet it.</summary>
    internal RetryDesk Retries { get; }

    /// <summary>Events that have ended since the start. Counts up only.</summary>
    public long Completed => settlement.Completed;

    /// <summary>Starts a partition that was assigned.</summary>
    public PartitionWorker Open(string topic, int partition, PartitionTracker tracker)
    {
        var worker = new PartitionWorker(topic, partition, tracker, options, budget);
        lock (guard)
        {
            workers.Add(worker);
        }

        return worker;
    }

    /// <summary>Takes a record in. It cannot refuse: the caller stops feeding a full partition, for the reason given.</summary>
    internal Accepted Accept(PartitionWorker worker, EventRecord record, int leaderEpoch)
    {
        var firstSeen = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (guard)
        {
            var begun = worker.Closed
                ? new Beginning(Beginning.Repeated, 0)
                : worker.Tracker.Begin(record.Position.Offset, leaderEpoch, record.TimestampMs);
            if (begun.Ticket < 0 || worker.Standing is not null)
            {
                record.Release();
                return new Accepted(begun.Ticket, worker.FullReason);
            }

            if (worker.Skips(record, begun.Ticket))
            {
                settlement.Skipped();
                return new Accepted(Beginning.Filtered, worker.FullReason);
            }

            var queued = new QueuedEvent(record, worker, begun.Ticket)
            {
                FirstSeenMs = firstSeen,
                Attempts = begun.Attempts, Interruptions = begun.Interruptions, IsSuspect = begun.Interruptions > 0,
            };
            settlement.Enter(queued);
            return new Accepted(begun.Ticket, worker.FullReason);
        }
    }

    /// <summary>
    /// Waits, on the consume thread, until a full partition has room, at most for the time given. A short wait is far
    /// cheaper than a pause, which drops what the client has prefetched.
    /// </summary>
    internal bool WaitForRoom(PartitionWorker worker, TimeSpan atMost) => room.Wait(worker, guard, atMost);

    /// <summary>The next event for a slot; null when there will be none any more.</summary>
    internal ValueTask<QueuedEvent?> TakeAsync(DeliverySlot slot)
    {
        lock (guard)
        {
            return departures.TakeAsync(slot);
        }
    }

    /// <summary>Takes back what a slot had in flight. Stage 6 happens here: the ledger learns that an event is done.</summary>
    internal Finished Finish(QueuedEvent queued, AttemptOutcome outcome)
    {
        lock (guard)
        {
            var worker = queued.Worker;
            worker.InFlight--;
            var turn = departures.Observe(queued, ref outcome);
            queued.Attempts += outcome.End == AttemptEnd.Failed ? 1 : 0;
            var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
            if (outcome.End != AttemptEnd.Delivered)
            {
                queued.Failed(nowMs);
            }

            var step = settlement.After(queued, outcome);
            if (step != Step.Complete && (worker.Closed || worker.Standing is not null))
            {
                step = Step.Abandon;
            }

            step = departures.Admit(step, queued);
            settlement.Apply(queued, step, outcome, nowMs);
            Signal_NeedsLock(worker);
            return departures.Tell(step, queued, turn);
        }
    }

    /// <summary>
    /// The writing of an event's dead letter has ended. <see cref="Step.Complete"/>: Kafka has acknowledged it and the event
    /// is done, stage 6 by the other way. <see cref="Step.Abandon"/>: it was not written, and the event is let go undone.
    /// </summary>
    internal void Ended(QueuedEvent queued, Step step)
    {
        lock (guard)
        {
            queued.Worker.Ending--;
            settlement.Apply(queued, step, AttemptOutcome.Delivered, 0);
            Signal_NeedsLock(queued.Worker);
            departures.Pump();
        }
    }

    /// <summary>Kafka has acknowledged the copy of an event in a retry topic: where it was read it is done.</summary>
    internal void Resent(QueuedEvent queued, RetryPlace place)
    {
        lock (guard)
        {
            queued.Worker.Ending--;
            queued.Worker.Retries!.Moved(queued.Record, place);
            settlement.Complete(queued);
            Signal_NeedsLock(queued.Worker);
            departures.Pump();
        }
    }

    /// <summary>Notes why dead letters of a partition cannot be written now; null: they can again.</summary>
    internal void LetterProblem(PartitionWorker worker, string? reason)
    {
        lock (guard)
        {
            worker.LetterProblem = reason;
        }
    }

    /// <summary>
    /// Closes a worker: nothing of it is handed out any more, what waits is let go, pauses end. Deliveries in flight go
    /// on; <see cref="PartitionWorker.Drained"/> tells when they have ended.
    /// </summary>
    public void Close(PartitionWorker worker)
    {
        lock (guard)
        {
            foreach (var kin in worker.Kin)
            {
                kin.Closed = true;
            }

            settlement.LetGo(worker);
            Signal_NeedsLock(worker);
        }

        foreach (var kin in worker.Kin)
        {
            kin.EndWaits();
        }
    }

    /// <summary>Makes a partition stand until someone acts; nothing of it is handed out any more.</summary>
    public void Stand(PartitionWorker worker, string reason)
    {
        lock (guard)
        {
            settlement.Stand(worker, reason);
        }
    }

    /// <summary>Ends what a closed worker has in flight; it stays undone.</summary>
    public static void Cancel(PartitionWorker worker)
    {
        foreach (var kin in worker.Kin)
        {
            kin.Cancel();
        }
    }

    /// <summary>Forgets a closed worker, after its last commit; cancels what is still in flight.</summary>
    public void Forget(PartitionWorker worker)
    {
        Cancel(worker);
        lock (guard)
        {
            workers.RemoveAll(worker.Kin.Contains);
        }
    }

    /// <summary>Changes the options that it was made of, at one moment for all events; what is in flight goes on as it began.</summary>
    public void Adjust(Action change)
    {
        lock (guard)
        {
            change();
            departures.Adjust();
        }
    }

    /// <summary>Lets no slot take anything any more, and ends the waits of those that do.</summary>
    public void Stop()
    {
        lock (guard)
        {
            departures.Stop();
            settlement.Stop();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        departures.Dispose();
        room.Dispose();
    }

    /// <summary>Reads a worker's state under the lock.</summary>
    public T Read<T>(PartitionWorker worker, Func<PartitionWorker, T> read)
    {
        lock (guard)
        {
            return read(worker);
        }
    }

    /// <summary>Reads all workers' state under the lock; the list must not leave it.</summary>
    internal FlowView ReadAll(Action<IReadOnlyList<PartitionWorker>> read)
    {
        lock (guard)
        {
            read(workers);
            return departures.Flow;
        }
    }

    private void Signal_NeedsLock(PartitionWorker worker)
    {
        if (worker is { Closed: true, IsIdle: true })
        {
            worker.Kin[0].Drained.Set();
        }

        room.Changed(worker);
    }
}
