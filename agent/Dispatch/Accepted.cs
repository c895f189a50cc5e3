using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Dispatch;

/// <summary>What became of a record that was handed to the dispatcher.</summary>
/// <param name="Ticket">Its place in the ledger, or one of the constants of <see cref="Beginning"/>.</param>
/// <param name="FullReason">Why its partition takes no more now; null: it does.</param>
internal readonly record struct Accepted(long Ticket, string? FullReason);
