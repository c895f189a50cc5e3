using Sidecar.Agent.Admission;

namespace Sidecar.Agent.Dispatch;

/// <summary>What the dispatcher made of an outcome.</summary>
/// <param name="Step">What follows.</param>
/// <param name="Attempts">Attempts that count so far.</param>
/// <param name="Turn">What it changed at the breaker.</param>
/// <param name="Breaker">Where the breaker stands now.</param>
/// <param name="Storm">Why the subscription is held for its dead letters; null: it is not.</param>
/// <param name="WasProbe">The delivery was a probe of such a hold.</param>
internal readonly record struct Finished(
    Step Step, int Attempts, BreakerTurn Turn, BreakerView Breaker, string? Storm, bool WasProbe)
{
    /// <summary>Its application says that it is not well: that is told by whoever asks it.</summary>
    public bool IsUnhealthy { get; init; }
}
