namespace Sidecar.OutboxRelay.Contracts;

/// <summary>The lease as it stands in the database, and the database's clock at that moment.</summary>
/// <param name="Owner">Who holds it; null: nobody.</param>
/// <param name="Epoch">Counts the owners: each take-over adds one.</param>
/// <param name="Beat">Counts the renewals and the progress writes of all owners.</param>
/// <param name="Times">Its length, its end and the time of reading.</param>
public readonly record struct LeaseRow(string? Owner, long Epoch, long Beat, LeaseTimes Times);

/// <summary>The times of a lease, in milliseconds; the last two are points in time on the database's clock.</summary>
/// <param name="LengthMs">How long the owner asked for at a time.</param>
/// <param name="ExpiresMs">When it ends unless it is renewed.</param>
/// <param name="NowMs">When the row was read.</param>
public readonly record struct LeaseTimes(long LengthMs, long ExpiresMs, long NowMs);

/// <summary>What came of asking for the lease.</summary>
/// <param name="Fence">It is ours; null: it is not.</param>
/// <param name="HeldBy">Who holds it, in a sentence; only where it is not ours.</param>
public readonly record struct LeaseTaken(Fence? Fence, string HeldBy = "");

/// <summary>
/// What every progress write must still find in the database: the owner and the epoch that it works under.
/// </summary>
/// <param name="Owner">The relay that holds the lease.</param>
/// <param name="Epoch">The epoch that it took.</param>
public readonly record struct Fence(string Owner, long Epoch);
