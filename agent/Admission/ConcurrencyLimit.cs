namespace Sidecar.Agent.Admission;

/// <summary>
/// How many deliveries of a subscription may be in flight: as many as the application works on, and a short queue. It
/// follows the time that deliveries take. Pure: times (since the start, monotonic) are arguments.
/// </summary>
/// <remarks>
/// The sign of a queue is that deliveries take longer than they need to: L. Brakmo and L. Peterson, "TCP Vegas", 1995. What
/// they need may change at any time, and then looks like a queue. So the limit is tried out, as H.-U. Heiss and R. Wagner
/// do in "Adaptive Load Control in Transaction Processing Systems", 1991: a *sounding* lowers it by a fifth. Where the
/// time falls with it there was a queue, and the sounding goes on; where it does not, the time is what the application
/// needs now, and the last limit comes back. Between soundings the limit grows by about half of its square root. Too
/// many calls in trouble lower it at once.
/// </remarks>
/// <param name="floor">The least that it comes to. At least 1.</param>
/// <param name="ceiling">The most, and where it starts.</param>
internal sealed class ConcurrencyLimit(int floor, int ceiling)
{
    /// <summary>What a step down leaves.</summary>
    public const double Shrink = 0.8;

    /// <summary>A delivery may take this much longer than it needs before a queue is suspected.</summary>
    public const double Tolerance = 1.5;

    /// <summary>Deliveries that take less than this part of what they need: the application has changed.</summary>
    public const double Leap = 0.5;

    /// <summary>The share of calls in trouble that lowers the limit.</summary>
    public const double TroubleShare = 0.1;

    /// <summary>A queue that costs less than this is none.</summary>
    public static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(2);

    /// <summary>The longest time between two soundings while the limit is used up.</summary>
    public static readonly TimeSpan SoundingInterval = TimeSpan.FromSeconds(5);

    /// <summary>A window with few samples is closed after this time.</summary>
    public static readonly TimeSpan LongestWindow = TimeSpan.FromSeconds(2);

    private const int MinSamples = 64;
    private const int FewSamples = 8;
    private const int WindowsPerLimit = 3;

    // A faster window lowers what deliveries need by this share of the difference: one lucky window is no proof.
    private const double Learning = 0.1;

    private double needed = double.NaN;
    private (int Limit, double Took)? sounding;
    private TimeSpan nextSounding;
    private TimeSpan began;
    private int toSkip = ceiling;
    private int samples;
    private int troubles;
    private double sum;
    private bool isUsed;

    /// <summary>The limit as it is now.</summary>
    public int Current { get; private set; } = ceiling;

    /// <summary>The least.</summary>
    public int Floor { get; } = floor;

    /// <summary>The most.</summary>
    public int Ceiling { get; } = ceiling;

    /// <summary>A delivery departs, and with it so many are in flight.</summary>
    public void Departed(int inFlight) => isUsed |= inFlight >= Current;

    /// <summary>A delivery that departed at <paramref name="since"/> has ended.</summary>
    public void Observe(AppSign sign, TimeSpan since, TimeSpan now)
    {
        if (Floor == Ceiling || sign is AppSign.Nothing or AppSign.Absent or AppSign.Unavailable || since < began)
        {
            return;
        }

        // What departed first after a change still stood in the queue of before.
        if (toSkip > 0)
        {
            toSkip--;
            return;
        }

        samples++;
        troubles += sign == AppSign.Trouble ? 1 : 0;
        sum += (now - since).TotalSeconds;
        var isLong = now - began > LongestWindow && samples >= FewSamples;
        if (isLong || samples >= Math.Max(MinSamples, WindowsPerLimit * Current))
        {
            Close(sum / samples, now);
            Begin(now);
        }
    }

    private void Begin(TimeSpan now)
    {
        began = now;
        toSkip = Current;
        samples = 0;
        troubles = 0;
        sum = 0;
        isUsed = false;
    }

    private void Close(double took, TimeSpan now)
    {
        if (troubles >= samples * TroubleShare)
        {
            sounding = null;
            StepDown();
        }
        else if (sounding is { } before)
        {
            Sound(before, took, now);
        }
        else if (!isUsed)
        {
            Learn(took);
        }
        else if (double.IsNaN(needed) || HasQueue(took) || took < needed * Leap || now >= nextSounding)
        {
            BeginSounding(took, now);
        }
        else
        {
            Learn(took);
            Current = Math.Min(Ceiling, Current + Math.Max(1, (int)(Math.Sqrt(Current) / 2)));
        }
    }

    private void Sound((int Limit, double Took) before, double took, TimeSpan now)
    {
        // With a queue the time falls as the limit does. Half as much is taken for it.
        if (took / before.Took < (1 + ((double)Current / before.Limit)) / 2)
        {
            BeginSounding(took, now);
            return;
        }

        Current = before.Limit;
        EndSounding(took, now);
    }

    private void BeginSounding(double took, TimeSpan now)
    {
        sounding = (Current, took);
        StepDown();
        if (Current == sounding.Value.Limit)
        {
            EndSounding(took, now);
        }
    }

    private void EndSounding(double took, TimeSpan now)
    {
        needed = took;
        sounding = null;
        nextSounding = now + SoundingInterval;
    }

    private void StepDown() => Current = Math.Max(Floor, (int)(Current * Shrink));

    private void Learn(double took)
    {
        if (double.IsNaN(needed))
        {
            needed = took;
        }
        else if (took < needed)
        {
            needed += (took - needed) * Learning;
        }
    }

    private bool HasQueue(double took) => took > Math.Max(needed * Tolerance, needed + Slack.TotalSeconds);
}
