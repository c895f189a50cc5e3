namespace Sidecar.OutboxRelay.Lanes;

/// <summary>What is to be written of one lane, where owner and epoch are still ours.</summary>
/// <param name="Bucket">The lane.</param>
/// <param name="Epoch">The epoch that it was claimed with.</param>
/// <param name="Progress">How far it is settled.</param>
/// <param name="Release">The lane is given back in the same write: its owner becomes nobody.</param>
/// <param name="Ledger">Rows that this progress covers and the last did not, by slot; only for lanes that were still ours.</param>
public sealed record LaneWrite(int Bucket, long Epoch, LaneProgress Progress, bool Release, IReadOnlyList<LedgerEntry> Ledger);

/// <summary>Progress to be written in one transaction. <see cref="LaneBook"/> makes it and must be told how it ended.</summary>
public sealed class Checkpoint
{
    internal Checkpoint(LaneWrite[] writes, Lane[] lanes)
    {
        (Writes, Lanes) = (writes, lanes);
    }

    /// <summary>The lanes, by bucket; at least one.</summary>
    public IReadOnlyList<LaneWrite> Writes { get; }

    internal Lane[] Lanes { get; }
}
