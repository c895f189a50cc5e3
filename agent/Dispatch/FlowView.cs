using Sidecar.Agent.Admission;

namespace Sidecar.Agent.Dispatch;

/// <summary>What may be in flight, and what waits for leave to be.</summary>
/// <param name="Limit">Deliveries that may be in flight now.</param>
/// <param name="Floor">The least that this comes to.</param>
/// <param name="Ceiling">The most.</param>
/// <param name="Unfunded">Retries that wait for the retry budget.</param>
internal readonly record struct FlowView(int Limit, int Floor, int Ceiling, int Unfunded)
{
    /// <summary>Where the breaker stands.</summary>
    public required BreakerView Breaker { get; init; }

    /// <summary>Why nothing departs, whatever the breaker says; null: nothing is in the way.</summary>
    public required string? Barred { get; init; }

    /// <summary>Why it is held for its dead letters; null: it is not.</summary>
    public required string? Storm { get; init; }
}
