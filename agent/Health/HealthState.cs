namespace Sidecar.Agent.Health;

/// <summary>The three ways to ask, the best first.</summary>
internal enum HealthWay
{
    /// <summary>The stream of grpc.health.v1: a change is known at once.</summary>
    Watch,

    /// <summary>The unary call of grpc.health.v1.</summary>
    Check,

    /// <summary>A connection that is opened and closed.</summary>
    Connect,
}

/// <summary>What one look at the application showed. A closed set.</summary>
internal enum HealthSign
{
    /// <summary>SERVING, or something listens.</summary>
    Serving,

    /// <summary>NOT_SERVING or a status that means no other thing.</summary>
    NotServing,

    /// <summary>It does not know grpc.health.v1, or does not let us ask.</summary>
    Unsupported,

    /// <summary>It knows grpc.health.v1, but not the name that was asked for.</summary>
    UnknownService,

    /// <summary>Nothing listens there.</summary>
    Absent,

    /// <summary>No answer in time, or one that says nothing of its health.</summary>
    Slow,

    /// <summary>The stream has ended, with nothing said about why.</summary>
    Ended,
}

/// <summary>What is known of an application's health.</summary>
/// <param name="IsUp">It is well; null: it has not been found out yet.</param>
/// <param name="Reason">Why it is not.</param>
/// <param name="Since">Since when this holds.</param>
internal readonly record struct HealthView(bool? IsUp, string Reason, TimeSpan Since);

/// <summary>
/// Turns what looks at an application show into what is known of its health, and says how and when to look next. All
/// transitions are here. Pure: the time (since the start, monotonic) is an argument; not synchronized.
/// </summary>
/// <remarks>
/// SERVING and NOT_SERVING are believed at once; silence only when it repeats, since a busy application may be late: its
/// deadlines, not its health, are the breaker's business. The protocol: github.com/grpc/grpc, doc/health-checking.md.
/// </remarks>
internal sealed class HealthState(HealthTarget target, TimeSpan start)
{
    /// <summary>Time between two looks at an application that is not well: it is found again within this time.</summary>
    public static readonly TimeSpan DownInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Time between two looks at one that is well, where it does not tell by itself.</summary>
    public static readonly TimeSpan UpInterval = TimeSpan.FromSeconds(5);

    /// <summary>How long an application that lacks the best way is asked in another before the best is tried again.</summary>
    public static readonly TimeSpan FallBackFor = TimeSpan.FromMinutes(1);

    /// <summary>Looks in a row without an answer that make an application unhealthy.</summary>
    public const int SlowInARow = 3;

    private int slow;
    private int ended;
    private TimeSpan fellBackAt;

    /// <summary>How to look next.</summary>
    public HealthWay Way { get; private set; } = BestOf(target);

    /// <summary>When to look next.</summary>
    public TimeSpan NextAt { get; private set; } = start;

    /// <summary>What is known.</summary>
    public HealthView View { get; private set; } = new(null, "its health is not known yet", start);

    /// <summary>Takes what a look has shown.</summary>
    /// <param name="sign">What.</param>
    /// <param name="detail">In words, for people.</param>
    /// <param name="now">When.</param>
    public void Observe(HealthSign sign, string detail, TimeSpan now)
    {
        slow = sign == HealthSign.Slow ? slow + 1 : 0;
        ended = sign == HealthSign.Ended ? ended + 1 : 0;
        switch (sign)
        {
            case HealthSign.Serving:
                Know(true, "", now);
                break;
            case HealthSign.NotServing:
                Know(false, detail, now);
                break;
            case HealthSign.Unsupported or HealthSign.UnknownService:
                FallBack(sign, detail, now);
                return;
            case HealthSign.Absent:
                Know(false, detail, now);
                // What comes back may be another version, which knows more.
                Way = BestOf(target);
                break;
            case HealthSign.Slow when View.IsUp != true || slow >= SlowInARow:
                Know(false, detail, now);
                break;
            case HealthSign.Slow:
                NextAt = now + DownInterval;
                return;
            // Servers end streams for reasons of their own. It is asked again at once, but not over and over.
            case HealthSign.Ended:
                NextAt = ended == 1 ? now : now + DownInterval;
                return;
        }

        NextAt = now + (View.IsUp == true ? UpInterval : DownInterval);
        if (Way != BestOf(target) && now - fellBackAt >= FallBackFor)
        {
            Way = BestOf(target);
        }
    }

    private void FallBack(HealthSign sign, string detail, TimeSpan now)
    {
        var next = NextWay(sign);
        if (next is null)
        {
            Know(false, detail, now);
            Way = BestOf(target);
            NextAt = now + DownInterval;
            return;
        }

        Way = next.Value;
        fellBackAt = now;
        NextAt = now;
    }

    /// <summary>The next best way; null: there is none.</summary>
    private HealthWay? NextWay(HealthSign sign) => Way switch
    {
        HealthWay.Watch when sign == HealthSign.Unsupported => HealthWay.Check,
        HealthWay.Watch or HealthWay.Check when target.Setting is { Mode: HealthMode.Auto, Service: "" } => HealthWay.Connect,
        HealthWay.Watch or HealthWay.Check or HealthWay.Connect => null,
    };

    private void Know(bool isUp, string reason, TimeSpan now) =>
        View = new HealthView(isUp, reason, View.IsUp == isUp ? View.Since : now);

    private static HealthWay BestOf(HealthTarget target) =>
        target.Setting.Mode == HealthMode.Tcp ? HealthWay.Connect : HealthWay.Watch;
}
