namespace Sidecar.Agent.Dispatch;

/// <summary>What may be in flight, and what waits for leave to be.</summary>
/// <param name="Limit">Deliveries that may be in flight now.</param>
/// <param name="Floor">The least that this comes to.</param>
/// <param name="Ceiling">The most.</param>
/// <param name="Unfunded">Retries that wait for the retry budget.</param>
internal readonly record struct FlowView(int Limit, int Floor, int Ceiling, int Unfunded);
