using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Telemetry;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Stage 3: hands the events of one subscription to its delivery slots, one event per key at a time, and takes their
/// outcomes back into the ledgers. The consume thread and the slots meet here: one lock, no I/O and no await under it.
/// </summary>
/// <remarks>
/// Invariants: an event that is paused or held keeps its lane, so the next of its key stays behind it; a slot is never
/// occupied by an event that waits; what returns for a closed worker changes no ledger that is still read.
/// </remarks>
public sealed class Dispatcher : IDisposable
{
    private readonly Lock guard = new();
    private readonly Departures departures;
    private readonly List<PartitionWorker> workers = [];
    private readonly DispatchOptions options;
    private readonly DeliveryOptions delivery;
    private readonly BufferBudget budget;
    private readonly TimeProvider time;
    private readonly Random random;
    private readonly ManualResetEventSlim room = new();
    private PartitionWorker? awaitsRoom;
    private long completed;

    /// <param name="options">Order and limits.</param>
    /// <param name="delivery">Attempts and pauses.</param>
    /// <param name="budget">The memory that all subscriptions share.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Chance for the pauses; used under the lock only.</param>
    public Dispatcher(
        DispatchOptions options, DeliveryOptions delivery, BufferBudget budget, TimeProvider time, Random random)
    {
        this.options = options;
        this.delivery = delivery;
        this.budget = budget;
        this.time = time;
        this.random = random;
        departures = new Departures(guard, time);
    }

    /// <summary>Events that have ended since the start. Counts up only.</summary>
    public long Completed => Volatile.Read(ref completed);

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

    /// <summary>
    /// Takes a record in. It cannot refuse: the caller stops feeding a partition that is full, for the reason given.
    /// </summary>
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

            var queued = new QueuedEvent(record, worker, begun.Ticket)
            {
                FirstSeenMs = firstSeen,
                Attempts = begun.Attempts,
            };
            worker.HeldBytes += record.HeldBytes;
            budget.Take(record.HeldBytes);
            if (worker.Lanes.Enter(queued))
            {
                departures.Add(queued);
                departures.Pump();
            }

            return new Accepted(begun.Ticket, worker.FullReason);
        }
    }

    /// <summary>
    /// Waits, on the consume thread, until a full partition has room, at most for the time given. A short wait is far
    /// cheaper than a pause, which drops what the client has prefetched.
    /// </summary>
    internal bool WaitForRoom(PartitionWorker worker, TimeSpan atMost)
    {
        lock (guard)
        {
            if (worker.HasRoom || worker.Standing is not null)
            {
                return worker.HasRoom;
            }

            awaitsRoom = worker;
            room.Reset();
        }

        return room.Wait(atMost);
    }

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
            queued.Attempts += outcome.End == AttemptEnd.Failed ? 1 : 0;
            var turned = departures.Observe(outcome.End);
            var step = NextStep.After(outcome.End, queued.Attempts, delivery);
            if (step != Step.Complete && (worker.Closed || worker.Standing is not null))
            {
                step = Step.Abandon;
            }

            Settle_NeedsLock(queued, step, outcome);
            Signal_NeedsLock(worker);
            return new Finished(step, queued.Attempts, turned, departures.GateOpen);
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
            worker.Closed = true;
            LetGo_NeedsLock(worker);
            Signal_NeedsLock(worker);
        }
    }

    /// <summary>Makes a partition stand until someone acts; nothing of it is handed out any more.</summary>
    public void Stand(PartitionWorker worker, string reason)
    {
        lock (guard)
        {
            worker.Standing ??= reason;
            LetGo_NeedsLock(worker);
        }
    }

    /// <summary>Forgets a closed worker, after its last commit; cancels what is still in flight.</summary>
    public void Forget(PartitionWorker worker)
    {
        worker.Cancel();
        lock (guard)
        {
            workers.Remove(worker);
        }
    }

    /// <summary>Lets no slot take anything any more, and ends the waits of those that do.</summary>
    public void Stop()
    {
        lock (guard)
        {
            departures.Stop();
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
    public void ReadAll(Action<IReadOnlyList<PartitionWorker>> read)
    {
        lock (guard)
        {
            read(workers);
        }
    }

    private void Settle_NeedsLock(QueuedEvent queued, Step step, AttemptOutcome outcome)
    {
        var worker = queued.Worker;
        switch (step)
        {
            case Step.Complete:
                worker.Tracker.Complete(queued.Ticket);
                completed++;
                if (worker.Lanes.Leave(queued) is QueuedEvent next && !worker.Closed && worker.Standing is null)
                {
                    departures.Add(next);
                }

                Drop_NeedsLock(queued);
                break;
            case Step.Again:
                worker.Tracker.Attempted(queued.Ticket, queued.Attempts);
                queued.LastPause = RetrySchedule.Next(queued.LastPause, outcome.RetryAfter, delivery, random);
                departures.AddAfter(queued.LastPause, queued);
                break;
            case Step.Hold:
                departures.PutBack(queued);
                break;
            case Step.Exhausted:
                worker.Standing = $"{EndReason.Of(outcome.End)} at offset {queued.Record.Position.Offset}: {outcome.Reason}";
                Drop_NeedsLock(queued);
                LetGo_NeedsLock(worker);
                break;
            case Step.Abandon:
                Drop_NeedsLock(queued);
                break;
        }
    }

    private void Signal_NeedsLock(PartitionWorker worker)
    {
        if (worker is { Closed: true, InFlight: 0 })
        {
            worker.Drained.Set();
        }

        if (worker == awaitsRoom && (worker.HasRoom || worker.Standing is not null))
        {
            awaitsRoom = null;
            room.Set();
        }
    }

    /// <summary>Lets every event go that waits; those in flight come back by themselves.</summary>
    private void LetGo_NeedsLock(PartitionWorker worker)
    {
        foreach (var queued in departures.Remove(worker))
        {
            Drop_NeedsLock(queued);
        }

        foreach (var waiting in worker.Lanes.TakeWaiting())
        {
            Drop_NeedsLock((QueuedEvent)waiting);
        }
    }

    private void Drop_NeedsLock(QueuedEvent queued)
    {
        queued.Worker.HeldBytes -= queued.Record.HeldBytes;
        budget.Give(queued.Record.HeldBytes);
        queued.Record.Release();
    }
}

/// <summary>What became of a record that was handed to the dispatcher.</summary>
/// <param name="Ticket">Its place in the ledger, or one of the constants of <see cref="Beginning"/>.</param>
/// <param name="FullReason">Why its partition takes no more now; null: it does.</param>
internal readonly record struct Accepted(long Ticket, string? FullReason);

/// <summary>What the dispatcher made of an outcome.</summary>
/// <param name="Step">What follows.</param>
/// <param name="Attempts">Attempts that count so far.</param>
/// <param name="GateTurned">The gate has just opened or just shut.</param>
/// <param name="GateOpen">It is open now.</param>
internal readonly record struct Finished(Step Step, int Attempts, bool GateTurned, bool GateOpen);
