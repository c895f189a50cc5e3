using System.Threading.Channels;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Telemetry;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// What follows an attempt is done here, and what follows an event that has left its lane: the next of its key has its
/// turn. All of it runs under the dispatcher's lock.
/// </summary>
internal sealed class Settlement(Departures departures, DispatchOptions options, DeliveryOptions delivery, Random random)
{
    // Its length is bounded by the windows of the partitions: what is in it is open in their ledgers.
    private readonly Channel<PendingResend> resends = Channel.CreateUnbounded<PendingResend>();
    private readonly RetryTiers? tiers = options.Retries.Count == 0 ? null : new RetryTiers(options.Retries);
    private long completed;

    /// <summary>Events that have ended since the start. Counts up only.</summary>
    public long Completed => Volatile.Read(ref completed);

    /// <summary>Events that are to be put into a retry topic.</summary>
    public ChannelReader<PendingResend> Resends => resends.Reader;

    /// <summary>An event was done when it was read.</summary>
    public void Skipped() => completed++;

    /// <summary>No more resends come.</summary>
    public void Stop() => resends.Writer.TryComplete();

    /// <summary>What follows an attempt, before the partition and the limit of dead letters have their say.</summary>
    public Step After(QueuedEvent queued, in AttemptOutcome outcome)
    {
        var step = NextStep.After(outcome.End, queued.Attempts, queued.Interruptions, delivery);
        if (tiers is null || outcome.End != AttemptEnd.Failed)
        {
            return step;
        }

        // An application that asks for a pause as long as a topic's delay gets that topic.
        if (step == Step.Again && !(outcome.RetryAfter >= tiers.Shortest))
        {
            return step;
        }

        // By the delays that it was given itself: what went behind an earlier event has used up none where it waited, nor has
        // what was attempted here while more attempts were allowed.
        queued.NextDelay = tiers.Next(step == Step.Again ? 0 : queued.Delays, outcome.RetryAfter);
        if (queued.NextDelay is null)
        {
            return NextStep.EndOf(delivery.OnExhausted);
        }

        queued.Delays += step == Step.Again ? 0 : 1;
        return Step.Resend;
    }

    /// <summary>
    /// Delays that an event was given, of whose copy only the attempts and the topic are known: as many as its attempts are too
    /// many, and not more than there are up to that topic.
    /// </summary>
    public int DelaysOf(int attempts, TimeSpan waited) => Math.Clamp(attempts + 1 - delivery.Attempts, 0, tiers!.UpTo(waited));

    /// <summary>Does what follows.</summary>
    public void Apply(QueuedEvent queued, Step step, in AttemptOutcome outcome, long nowMs)
    {
        var worker = queued.Worker;
        if (step is Step.Again or Step.DeadLetter or Step.Park or Step.Withhold or Step.Resend
            || outcome.End == AttemptEnd.Interrupted || (step == Step.Abandon && outcome.End == AttemptEnd.Failed))
        {
            worker.Tracker.Attempted(queued.Ticket, queued.Attempts, queued.Interruptions);
        }

        switch (step)
        {
            case Step.Complete:
                if (!queued.IsForeign)
                {
                    worker.Retries?.Ended(queued.Record);
                }

                Complete(queued);
                break;
            case Step.Again:
                queued.LastPause = RetrySchedule.Next(queued.LastPause, outcome.RetryAfter, delivery, random);
                departures.AddAfter(queued.LastPause, queued);
                break;
            case Step.Hold:
                departures.Hold(queued, outcome, random);
                break;
            case Step.DeadLetter:
                worker.Ending++;
                break;
            case Step.Resend:
                var delay = queued.NextDelay!.Value;
                Resend(new PendingResend(queued, delay, nowMs + (long)delay.TotalMilliseconds, EndReason.Of(outcome.End), outcome.Reason));
                break;
            case Step.Park:
                Park(queued);
                break;
            case Step.Withhold:
                departures.Add(queued);
                break;
            case Step.Stand:
                Stand(worker, $"{EndReason.Of(outcome.End)} at offset {queued.Record.Position.Offset}{queued.WaitsAs}: {outcome.Reason}");
                worker.Drop(queued);
                break;
            case Step.Abandon:
                worker.Drop(queued);
                break;
        }
    }

    /// <summary>The event is done where it was read: the next of its key has its turn.</summary>
    public void Complete(QueuedEvent queued)
    {
        completed++;
        Come(queued.Worker.Complete(queued, queued.Ticket) as QueuedEvent);
    }

    /// <summary>An event has its turn after what stands in its lane; behind a parked one it has none.</summary>
    public void Enter(QueuedEvent queued)
    {
        var worker = queued.Worker;
        worker.Keep(queued);
        if (worker.Lanes.Enter(queued))
        {
            Come(queued);
            departures.Pump();
        }
        else if (queued.Lane is { IsParked: true })
        {
            worker.LeaveBehind(queued);
        }
    }

    /// <summary>An event waits for no other in its lane. Whoever calls this calls <see cref="Departures.Pump"/> after it.</summary>
    public void Come(QueuedEvent? queued)
    {
        while (queued is not null)
        {
            if (queued.Worker.Retries is not { } retries)
            {
                departures.Add(queued);
                return;
            }

            if (!retries.IsKnown)
            {
                retries.Early.Add(queued);
                return;
            }

            var (turn, first) = retries.TurnOf(queued.Record, queued.Place);
            switch (turn)
            {
                case Turn.Deliver:
                    departures.Add(queued);
                    return;
                case Turn.Behind:
                    // Due as soon as the first is, or a key with many events would never be rid of its waiting ones.
                    Resend(new PendingResend(queued, tiers!.Behind(first.Delay), first.DueMs, PendingResend.Behind, null));
                    return;
                case Turn.Elsewhere:
                    completed++;
                    queued = queued.Worker.Complete(queued, queued.Ticket) as QueuedEvent;
                    break;
            }
        }
    }

    /// <summary>Makes a partition stand, with all that belongs to it.</summary>
    public void Stand(PartitionWorker worker, string reason)
    {
        foreach (var kin in worker.Kin)
        {
            kin.Standing ??= reason;
        }

        LetGo(worker);
    }

    /// <summary>Lets every event go that waits; those in flight come back by themselves.</summary>
    public void LetGo(PartitionWorker worker)
    {
        foreach (var kin in worker.Kin)
        {
            departures.Remove(kin).ForEach(kin.Drop);
            kin.DropWaiting();
        }
    }

    private static void Park(QueuedEvent queued)
    {
        queued.Worker.Park(queued);
        foreach (var behind in KeyLanes.Park(queued).Cast<QueuedEvent>())
        {
            behind.Worker.LeaveBehind(behind);
        }
    }

    private void Resend(PendingResend pending)
    {
        pending.Queued.Worker.Ending++;
        resends.Writer.TryWrite(pending);
    }
}
