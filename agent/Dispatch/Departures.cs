using Sidecar.Agent.Admission;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Brings events that are ready to slots that are idle, through the gates. All of it runs under the dispatcher's lock; the
/// timer, which has no caller, takes that lock itself. Times are monotonic, since the start.
/// </summary>
internal sealed class Departures : IDisposable
{
    private readonly ReadyQueue ready;
    private readonly Gates gates;
    private readonly Stack<DeliverySlot> idle = new();
    private readonly Lock guard;
    private readonly DeliveryOptions delivery;
    private readonly TimeProvider time;
    private readonly long started;
    private readonly Alarm alarm;
    private readonly Suspects suspects = new();
    private int inFlight;
    private bool stopped;

    public Departures(Lock guard, TimeProvider time, DispatchOptions options, DeliveryOptions delivery)
    {
        this.guard = guard;
        this.delivery = delivery;
        gates = new Gates(options, delivery);
        ready = new ReadyQueue(gates.Budget);
        this.time = time;
        started = time.GetTimestamp();
        alarm = new Alarm(time, OnAlarm);
    }

    /// <summary>What keeps everything from departing, whatever the breaker says.</summary>
    public Bars Bars { get; } = new();

    /// <summary>What may be in flight, and what waits for the budget.</summary>
    public FlowView Flow => new(gates.Limit.Current, gates.Limit.Floor, gates.Limit.Ceiling, ready.Unfunded)
        { Breaker = gates.Breaker.View, Barred = Bars.Reason, Storm = gates.Storm.Held };

    private TimeSpan Now => time.GetElapsedTime(started);

    /// <summary>The next event for a slot; null when there will be none any more.</summary>
    public ValueTask<QueuedEvent?> TakeAsync(DeliverySlot slot)
    {
        if (stopped)
        {
            return ValueTask.FromResult<QueuedEvent?>(null);
        }

        // A slot that has just finished takes the next event itself: no other thread need wake for it.
        var now = Now;
        var taken = Take(now);
        if (taken is null)
        {
            var wait = slot.WaitAsync();
            idle.Push(slot);
            Arm(now);
            return wait;
        }

        Pump();
        return ValueTask.FromResult<QueuedEvent?>(taken);
    }

    /// <summary>The event waits for nothing but a slot. Whoever adds calls <see cref="Pump"/>, or takes one next.</summary>
    public void Add(QueuedEvent queued) => ready.Add(queued);

    /// <summary>The event becomes ready after a pause.</summary>
    public void AddAfter(TimeSpan pause, QueuedEvent queued)
    {
        var now = Now;
        ready.AddAfterPause(queued, now + pause);
        Arm(now);
    }

    /// <summary>
    /// Nothing was spent on the event. After an UNAVAILABLE it waits a moment; otherwise it stands where it stood. One
    /// that was the probe stands last: the next probe is another, so that no single event keeps the application from
    /// being found well.
    /// </summary>
    public void Hold(QueuedEvent queued, in AttemptOutcome outcome, Random random)
    {
        if (outcome.End == AttemptEnd.Unavailable)
        {
            var pause = Holding.Pause(outcome.RetryAfter, delivery.BackoffMax, random);
            queued.Held += pause;
            AddAfter(pause, queued);
            return;
        }

        if (queued.WasProbe)
        {
            ready.Add(queued);
        }
        else
        {
            ready.AddFirst(queued);
        }

        Arm(Now);
    }

    /// <summary>Takes out what waits of a worker.</summary>
    public List<QueuedEvent> Remove(PartitionWorker worker) => ready.Remove(worker);

    /// <summary>
    /// Shows the breaker how a delivery ended, and turns the outcome into what it is taken for. Returns what that changed
    /// at the breaker.
    /// </summary>
    public BreakerTurn Observe(QueuedEvent queued, ref AttemptOutcome outcome)
    {
        if (queued.IsExpired)
        {
            return BreakerTurn.None;
        }

        var now = Now;
        var sign = AppSigns.Of(outcome);
        queued.WasProbe = gates.Breaker.IsProbe(queued.Era);
        var turn = gates.Breaker.Observe(sign, queued.Era, now);
        gates.Limit.Observe(sign, queued.DepartedAt, now);
        inFlight--;
        suspects.Ended(queued, outcome.End);
        outcome = Holding.Judge(outcome, queued.WasProbe, queued.Held, delivery.MaxHold);
        return turn;
    }

    /// <summary>Shows the limit of dead letters what follows a delivery, and returns what may follow.</summary>
    public Step Admit(Step step, QueuedEvent queued)
    {
        // By a rule of the subscription, which says nothing of the application.
        if (queued.IsExpired)
        {
            return step;
        }

        var isProbe = queued.IsProbe;
        switch (step)
        {
            case Step.Complete:
                gates.Storm.Delivered(isProbe, isProbe ? Now : default);
                return step;
            case Step.DeadLetter:
                return gates.Storm.TryTake(isProbe, Now) ? step : Step.Withhold;
            case Step.Again or Step.Hold or Step.Stand or Step.Park or Step.Resend or Step.Withhold or Step.Abandon:
                gates.Storm.Failed(isProbe, isProbe ? Now : default);
                return step;
            default:
                throw new InvalidOperationException($"No step: {step}");
        }
    }

    /// <summary>What is to be told of a delivery that has ended.</summary>
    public Finished Tell(Step step, QueuedEvent queued, BreakerTurn turn) =>
        new(step, queued.Attempts, turn, gates.Breaker.View, gates.Storm.Held, queued.IsProbe)
        {
            IsUnhealthy = Bars[Bar.Unhealthy] is not null,
        };

    /// <summary>Hands what is ready to the slots that wait.</summary>
    public void Pump()
    {
        // One look at the clock for both: at a gate that opens between two, nothing would pass and nobody be woken.
        var now = Now;
        while (idle.Count > 0 && Take(now) is { } taken)
        {
            idle.Pop().Give(taken);
        }

        Arm(now);
    }

    /// <summary>Ends the waits of all slots: nothing departs any more.</summary>
    public void Stop()
    {
        stopped = true;
        while (idle.TryPop(out var slot))
        {
            slot.Give(null);
        }
    }

    /// <summary>The options have changed.</summary>
    public void Adjust()
    {
        gates.Adjust();
        Pump();
    }

    /// <summary>The application was away: it is probed before all may pass.</summary>
    public void ProbeFirst() => gates.Breaker.ProbeFirst(Now);

    public void Dispose() => alarm.Dispose();

    private QueuedEvent? Take(TimeSpan now)
    {
        if (Bars.Any)
        {
            return null;
        }

        ready.EndPauses(now);
        if (TakeExpired() is { } expired)
        {
            return expired;
        }

        if (ready.IsEmpty || !HasPlace || !gates.Storm.MayPass(now) || !gates.Rate.MayPass(now) || !gates.Breaker.TryPass(now))
        {
            return null;
        }

        gates.Rate.Pass();

        var isSuspect = ready.NextIsSuspect;
        var taken = ready.Take()!;
        if (taken is { Era: < 0, Attempts: 0 })
        {
            gates.Budget.Earn();
        }

        suspects.Departs(taken, isSuspect);
        taken.IsProbe = gates.Storm.Pass();
        taken.Era = gates.Breaker.Era;
        taken.DepartedAt = now;
        taken.Worker.InFlight++;
        gates.Limit.Departed(++inFlight);
        return taken;
    }

    /// <summary>
    /// What is next and too old. It is not sent, so it passes by the breaker and all limits, and neither waits for the
    /// application nor says anything of it.
    /// </summary>
    private QueuedEvent? TakeExpired()
    {
        if (delivery.MaxAge is not { } most || ready.Next is not { Record.TimestampMs: >= 0 } next
            || time.GetUtcNow().ToUnixTimeMilliseconds() - next.Record.TimestampMs <= most.TotalMilliseconds)
        {
            return null;
        }

        var taken = ready.Take()!;
        taken.IsExpired = true;
        taken.IsProbe = false;
        taken.Worker.InFlight++;
        return taken;
    }

    /// <summary>
    /// There is a place for one more. A suspect needs all of them, and the breaker's probe none: what hangs may be the
    /// reason that it is open.
    /// </summary>
    private bool HasPlace => !suspects.IsOneFlying
        && (ready.NextIsSuspect ? inFlight == 0 : inFlight < gates.Limit.Current || !gates.Breaker.View.IsPassable);

    /// <summary>Sets the timer to the next moment at which something becomes ready without anyone's doing.</summary>
    private void Arm(TimeSpan now)
    {
        // A slot that is busy looks for itself when it comes back. With none idle, or while nothing may depart at all, a
        // timer could only fire in vain, again and again.
        if (idle.Count == 0 || Bars.Any)
        {
            return;
        }

        var due = ready.NextDue ?? TimeSpan.MaxValue;
        var paced = gates.Rate.NextAt > now;
        if (paced && !ready.IsEmpty && gates.Rate.NextAt < due)
        {
            due = gates.Rate.NextAt;
        }

        if (!paced && gates.Breaker.State == BreakerState.Open && !ready.IsEmpty && HasPlace && gates.Breaker.ProbeAt < due)
        {
            due = gates.Breaker.ProbeAt;
        }

        // While it is held nothing passes, so nothing else is worth waking for.
        if (gates.Storm.Held is not null && !ready.IsEmpty && !gates.Storm.MayPass(now))
        {
            due = gates.Storm.ProbeAt > now ? gates.Storm.ProbeAt : TimeSpan.MaxValue;
        }

        alarm.Set(due, now);
    }

    private void OnAlarm()
    {
        lock (guard)
        {
            alarm.Rang();
            Pump();
        }
    }
}
