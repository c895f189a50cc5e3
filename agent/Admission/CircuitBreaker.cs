namespace Sidecar.Agent.Admission;

/// <summary>Whether deliveries may start.</summary>
internal enum BreakerState
{
    /// <summary>Every delivery may start.</summary>
    Closed,

    /// <summary>None may start before the next probe is due.</summary>
    Open,

    /// <summary>One delivery is on its way as a probe; no other may start.</summary>
    HalfOpen,

    /// <summary>The application answers again: ever more may be in flight at a time, step by step.</summary>
    Ramping,
}

/// <summary>What the end of a delivery has changed.</summary>
internal enum BreakerTurn
{
    /// <summary>Nothing that is worth telling.</summary>
    None,

    /// <summary>Deliveries passed until now, and none does any more.</summary>
    Opened,

    /// <summary>The application answered the probe.</summary>
    Recovering,

    /// <summary>All deliveries pass again.</summary>
    Closed,
}

/// <summary>Why a breaker is open.</summary>
internal enum OpenCause
{
    /// <summary>It is not, or has not been yet.</summary>
    None,

    /// <summary>The application is not there, was lost, or is the wrong one.</summary>
    Absent,

    /// <summary>It answers UNAVAILABLE.</summary>
    Unavailable,

    /// <summary>Too large a share of the calls ended in a time-out or was turned away.</summary>
    Trouble,
}

/// <summary>
/// What every delivery of a subscription passes before it starts. It opens when the application is not there and when
/// too many calls show it in trouble; not when it refuses events. Open, it lets one through now and then, until an answer
/// shows that the application is back; then it closes step by step. All transitions are here, and its one output is
/// <see cref="TryPass"/>. Pure: the time (since the start, monotonic) is an argument; guarded by the dispatcher's lock.
/// </summary>
/// <remarks>
/// Each time it opens, probes or closes, an era begins. A delivery belongs to the era in which it passed, and what comes
/// back from an earlier one says nothing of the application as it is now.
/// Source of the three states: M. Nygard, "Release It!", 2007, chapter 5. The ramp is TCP's slow start (V. Jacobson,
/// "Congestion Avoidance and Control", 1988): an application that has just come back is at its weakest.
/// </remarks>
internal sealed class CircuitBreaker(BreakerOptions options)
{
    private BreakerOptions options = options;
    private TroubleWindow window = new(options.Window);
    private int running;            // deliveries of this era
    private int step;               // of the ramp
    private int answered;           // in this step
    private int troubled;           // in this step
    private int unavailable;        // in a row

    /// <summary>The state.</summary>
    public BreakerState State { get; private set; } = BreakerState.Closed;

    /// <summary>Why it opened last.</summary>
    public OpenCause Cause { get; private set; }

    /// <summary>Counts up with every transition but those along the ramp and at its end.</summary>
    public int Era { get; private set; }

    /// <summary>While it is open: when the next delivery may start.</summary>
    public TimeSpan ProbeAt { get; private set; }

    /// <summary>Other options from now on. The state stays; what is remembered of troubles begins anew.</summary>
    public void Adjust(BreakerOptions wanted)
    {
        if (wanted != options)
        {
            options = wanted;
            window = new TroubleWindow(wanted.Window);
        }
    }

    /// <summary>The state and its cause, to be told.</summary>
    public BreakerView View => new(State, Cause);

    /// <summary>Deliveries of this era that may be in flight.</summary>
    public int Limit => State switch
    {
        BreakerState.Closed => int.MaxValue,
        BreakerState.Open => 0,
        BreakerState.HalfOpen => 1,
        BreakerState.Ramping => BreakerOptions.RampSteps[step],
    };

    /// <summary>A delivery asks to start. True: it starts, in the era of now.</summary>
    public bool TryPass(TimeSpan now)
    {
        if (State == BreakerState.Open && now >= ProbeAt)
        {
            Begin(BreakerState.HalfOpen);
        }

        if (running >= Limit)
        {
            return false;
        }

        running++;
        return true;
    }

    /// <summary>The delivery that passed in this era is the probe that all others wait for.</summary>
    public bool IsProbe(int era) => State == BreakerState.HalfOpen && era == Era;

    /// <summary>The application was away and has come back, as others know: one goes first, and the rest step by step.</summary>
    public void ProbeFirst(TimeSpan now)
    {
        Open(OpenCause.Absent, now);
        ProbeAt = now;
    }

    /// <summary>A delivery that passed in this era has ended.</summary>
    public BreakerTurn Observe(AppSign sign, int era, TimeSpan now)
    {
        var before = View;
        if (era == Era)
        {
            running--;
            ObserveNow(sign, now);
        }

        return State == before.State ? BreakerTurn.None
            : State == BreakerState.Closed ? BreakerTurn.Closed
            : State == BreakerState.Ramping ? BreakerTurn.Recovering
            : before.IsPassable ? BreakerTurn.Opened
            : BreakerTurn.None;
    }

    private void ObserveNow(AppSign sign, TimeSpan now)
    {
        switch (State)
        {
            case BreakerState.Closed:
                ObserveClosed(sign, now);
                break;
            case BreakerState.HalfOpen:
                ObserveProbe(sign, now);
                break;
            case BreakerState.Ramping:
                ObserveRamp(sign, now);
                break;
            case BreakerState.Open:
                break;
        }
    }

    private void ObserveClosed(AppSign sign, TimeSpan now)
    {
        switch (sign)
        {
            case AppSign.Fine:
                unavailable = 0;
                window.Add(false, now);
                break;
            case AppSign.Trouble:
                unavailable = 0;
                window.Add(true, now);
                OpenIfTroubled(now);
                break;
            case AppSign.Unavailable:
                window.Add(true, now);
                if (++unavailable >= BreakerOptions.UnavailableInARow)
                {
                    Open(OpenCause.Unavailable, now);
                    break;
                }

                OpenIfTroubled(now);
                break;
            case AppSign.Absent:
                Open(OpenCause.Absent, now);
                break;
            case AppSign.Nothing:
                break;
        }
    }

    private void ObserveProbe(AppSign sign, TimeSpan now)
    {
        switch (sign)
        {
            case AppSign.Fine:
                Begin(BreakerState.Ramping);
                step = 0;
                Climb();
                break;
            case AppSign.Trouble or AppSign.Unavailable or AppSign.Absent:
                Open(CauseOf(sign), now);
                break;
            // Nothing was learned: another goes at once.
            case AppSign.Nothing:
                Begin(BreakerState.Open);
                ProbeAt = now;
                break;
        }
    }

    private void ObserveRamp(AppSign sign, TimeSpan now)
    {
        switch (sign)
        {
            case AppSign.Fine:
                answered++;
                break;
            case AppSign.Trouble or AppSign.Unavailable:
                answered++;
                troubled++;
                break;
            case AppSign.Absent:
                Open(OpenCause.Absent, now);
                return;
            case AppSign.Nothing:
                return;
        }

        if (troubled > 0 && troubled >= Limit * BreakerOptions.TroubleShare)
        {
            Open(CauseOf(sign), now);
        }
        else if (answered >= Limit)
        {
            Climb();
        }
    }

    private void Climb()
    {
        answered = 0;
        troubled = 0;
        if (++step >= BreakerOptions.RampSteps.Count || Limit >= options.Ceiling)
        {
            Begin(BreakerState.Closed);
        }
    }

    private void OpenIfTroubled(TimeSpan now)
    {
        if (window.Calls >= BreakerOptions.MinCalls
            && window.Troubles >= window.Calls * BreakerOptions.TroubleShare)
        {
            Open(OpenCause.Trouble, now);
        }
    }

    private void Open(OpenCause cause, TimeSpan now)
    {
        Begin(BreakerState.Open);
        Cause = cause;
        ProbeAt = now + BreakerOptions.ProbeInterval;
    }

    private void Begin(BreakerState state)
    {
        // What runs when the ramp has come to its end runs on in the same era, and counts.
        var sameEra = State == BreakerState.Ramping && state == BreakerState.Closed;
        Era += sameEra ? 0 : 1;
        running = sameEra ? running : 0;
        State = state;
        window.Clear();
        unavailable = 0;
    }

    private static OpenCause CauseOf(AppSign sign) => sign switch
    {
        AppSign.Unavailable => OpenCause.Unavailable,
        AppSign.Absent => OpenCause.Absent,
        AppSign.Fine or AppSign.Trouble or AppSign.Nothing => OpenCause.Trouble,
    };
}

/// <summary>What a breaker shows of itself.</summary>
/// <param name="State">Whether deliveries may start.</param>
/// <param name="Cause">Why it opened last.</param>
internal readonly record struct BreakerView(BreakerState State, OpenCause Cause)
{
    /// <summary>Deliveries pass, all or ever more of them.</summary>
    public bool IsPassable => State is BreakerState.Closed or BreakerState.Ramping;
}
