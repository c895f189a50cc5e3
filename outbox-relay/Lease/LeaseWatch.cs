using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Lease;

/// <summary>
/// Watches a lease that another relay holds, and says when it is free. It is free when the database's clock has passed
/// its end, and also when its row has not changed for its whole length on our own monotonic clock: a clock that was set
/// back must not freeze it.
/// </summary>
public sealed class LeaseWatch(TimeProvider time)
{
    private LeaseRow seen;
    private long since;
    private bool watching;

    /// <summary>The lease, as it was just read, may be taken.</summary>
    public bool IsFree(LeaseRow row)
    {
        if (row.Owner is null)
        {
            return true;
        }

        if (!watching || (row.Owner, row.Epoch, row.Beat) != (seen.Owner, seen.Epoch, seen.Beat))
        {
            watching = true;
            seen = row;
            since = time.GetTimestamp();
        }

        return row.Times.ExpiresMs <= row.Times.NowMs ||
            time.GetElapsedTime(since) >= TimeSpan.FromMilliseconds(row.Times.LengthMs);
    }
}
