using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Wal;

/// <summary>Where the rows come from.</summary>
public enum WalPhase
{
    /// <summary>From the table.</summary>
    Table,

    /// <summary>From the table, while the server makes the slot: it waits for the transactions that run.</summary>
    SlotBeingMade,

    /// <summary>From the table, until that is read up to where the slot begins.</summary>
    CatchingUp,

    /// <summary>From the log.</summary>
    Streaming,
}

/// <summary>
/// Decides where rows come from. The table is the truth and is always enough; the stream is the quicker way, and is left
/// for the table whenever there is a doubt. Pure.
/// </summary>
/// <remarks>
/// A slot has every transaction that commits after its beginning, and its beginning is a snapshot: what that sees is not
/// in the stream. A transaction can be in the log and not yet visible, for as long as a standby takes to acknowledge it. So it
/// is not enough to read the table once after the slot is there: it must have been read with a snapshot that covers the
/// slot's own.
/// </remarks>
/// <param name="maxLag">Bytes of the log that the server may keep for the slot.</param>
/// <param name="time">For the pauses.</param>
public sealed class WalSwitch(long maxLag, TimeProvider time)
{
    private Snapshot? beginning;
    private TimeSpan pause = WalOptions.FirstPause;
    private TimeSpan wait;
    private long lostAt;
    private long streamingSince;

    /// <summary>Where rows come from now.</summary>
    public WalPhase Phase { get; private set; } = WalPhase.Table;

    /// <summary>A slot may be made now.</summary>
    /// <param name="caughtUp">The table has nothing that was not read: a slot would have little to wait for.</param>
    public bool MayBegin(bool caughtUp) =>
        Phase == WalPhase.Table && caughtUp && (wait == TimeSpan.Zero || time.GetElapsedTime(lostAt) >= wait);

    /// <summary>The slot is being made.</summary>
    public void Begin() => Phase = WalPhase.SlotBeingMade;

    /// <summary>The slot is there.</summary>
    /// <param name="slotsOwn">What was committed before the stream begins.</param>
    public void Made(Snapshot slotsOwn)
    {
        beginning = slotsOwn;
        Phase = WalPhase.CatchingUp;
    }

    /// <summary>The table is read as far as the stream needs it.</summary>
    public bool IsReached(Snapshot read) => Phase == WalPhase.CatchingUp && read.Covers(beginning!);

    /// <summary>Everything that is visible in this snapshot was read from the table, and it is settled.</summary>
    /// <returns>Rows come from the log from now on: those that this snapshot does not see.</returns>
    public bool TryStream(Snapshot read)
    {
        if (!IsReached(read))
        {
            return false;
        }

        Phase = WalPhase.Streaming;
        streamingSince = time.GetTimestamp();
        return true;
    }

    /// <summary>The slot keeps more than it may.</summary>
    public bool IsTooFar(long lag) => Phase != WalPhase.Table && lag > maxLag;

    /// <summary>The slot, or the way to it, is gone: the table is read until the next is made.</summary>
    public void Lost()
    {
        if (Phase == WalPhase.Streaming && time.GetElapsedTime(streamingSince) >= WalOptions.HealedAfter)
        {
            pause = WalOptions.FirstPause;
        }

        (wait, lostAt) = (pause, time.GetTimestamp());
        pause = pause * 2 < WalOptions.LongestPause ? pause * 2 : WalOptions.LongestPause;
        Phase = WalPhase.Table;
        beginning = null;
    }
}
