namespace Sidecar.Agent.Admission;

/// <summary>When a <see cref="CircuitBreaker"/> opens, and how it closes.</summary>
/// <param name="Window">How long a call that ended in trouble is remembered.</param>
/// <param name="Ceiling">Deliveries in flight at which the ramp has come to its end.</param>
internal sealed record BreakerOptions(TimeSpan Window, int Ceiling)
{
    /// <summary>Time between two probes: an application that has come back gets its first event within this time.</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Fewer calls than this within the window say nothing about the application.</summary>
    public const int MinCalls = 10;

    /// <summary>The share of calls in trouble at which it opens.</summary>
    public const double TroubleShare = 0.5;

    /// <summary>Answers of UNAVAILABLE, with no other answer between them, at which it opens.</summary>
    public const int UnavailableInARow = 5;

    /// <summary>
    /// Deliveries that may be in flight on the way from one probe to all. A step ends when as many have been answered.
    /// </summary>
    public static readonly IReadOnlyList<int> RampSteps = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

    private static readonly TimeSpan ShortestWindow = TimeSpan.FromSeconds(10);

    /// <summary>
    /// For deliveries of this deadline: two of them fit into the window, or an application that hangs would never fill it.
    /// </summary>
    public static BreakerOptions For(TimeSpan deadline, int ceiling) =>
        new(deadline * 2 > ShortestWindow ? deadline * 2 : ShortestWindow, ceiling);
}
