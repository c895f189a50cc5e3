using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Lease;

/// <summary>
/// A lease that we hold, by our own monotonic clock: when to renew it, and until when new rows may be sent under it. It
/// counts from before the write that renewed it, so it ends here no later than in the database.
/// </summary>
public sealed class LeaseTerm(Fence fence, TimeSpan length, TimeProvider time, long takenAt)
{
    private const int RenewalsPerLength = 3;

    private long renewedAt = takenAt;

    /// <summary>What every progress write carries.</summary>
    public Fence Fence => fence;

    /// <summary>How long the lease is.</summary>
    public TimeSpan Length => length;

    /// <summary>How long until it should be renewed; zero: now.</summary>
    public TimeSpan UntilRenewal
    {
        get
        {
            var left = (length / RenewalsPerLength) - time.GetElapsedTime(renewedAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>New rows may be sent. Afterwards another relay may already be sending them.</summary>
    public bool MaySend => time.GetElapsedTime(renewedAt) < length;

    /// <summary>The lease was renewed by a write that began at this timestamp.</summary>
    public void Renewed(long writeBegan) => renewedAt = writeBegan;
}
