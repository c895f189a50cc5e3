namespace Sidecar.OutboxRelay.Lanes;

/// <summary>How a lane stands with the relay that has claimed it.</summary>
internal enum LaneState
{
    /// <summary>Its rows are read.</summary>
    Active,

    /// <summary>Nothing more is read; it is given back once what was read is settled and written.</summary>
    Draining,

    /// <summary>It belongs to another: what comes back for it no longer counts.</summary>
    Gone,
}

/// <summary>One claimed lane as the book keeps it. A lane that is claimed again is another object.</summary>
internal sealed class Lane(int bucket, long epoch, LaneProgress progress)
{
    private LedgerSum[] ledger = [];

    public int Bucket => bucket;

    public long Epoch => epoch;

    public LaneState State { get; set; }

    /// <summary>In the database.</summary>
    public LaneProgress Written { get; set; } = progress;

    /// <summary>What is settled; at or ahead of <see cref="Written"/>.</summary>
    public LaneProgress Settled { get; set; } = progress;

    /// <summary>What has been read; at or ahead of <see cref="Settled"/>. Its window's id is the last that was read.</summary>
    public LaneProgress Read { get; set; } = progress;

    /// <summary>When it was last read, counted in reads: the longest unread comes next.</summary>
    public long ReadAt { get; set; }

    /// <summary>Chunks that are not settled and were read for this lane among others.</summary>
    public int ChunksUnderWay { get; set; }

    /// <summary>Rows of it that were settled since it was written.</summary>
    public int UnwrittenRows { get; private set; }

    public bool IsReleasable => State == LaneState.Draining && ChunksUnderWay == 0;

    public void Enter(int slot, long id) => Enter(slot, default(LedgerSum).With(id));

    public void Enter(int slot, LedgerSum sum)
    {
        if (slot >= ledger.Length)
        {
            Array.Resize(ref ledger, slot + 1);
        }

        ledger[slot] = ledger[slot].With(sum);
        UnwrittenRows += (int)sum.Rows;
    }

    /// <summary>What was entered since the last time; forgets it.</summary>
    public LedgerEntry[] TakeLedger()
    {
        if (UnwrittenRows == 0)
        {
            return [];
        }

        UnwrittenRows = 0;
        var entries = new List<LedgerEntry>(ledger.Length);
        for (var slot = 0; slot < ledger.Length; slot++)
        {
            if (ledger[slot].Rows > 0)
            {
                entries.Add(new LedgerEntry(slot, ledger[slot]));
                ledger[slot] = default;
            }
        }

        return [.. entries];
    }

    /// <summary>It was not written after all.</summary>
    public void PutBack(LedgerEntry[] entries)
    {
        foreach (var entry in entries)
        {
            ledger[entry.Slot] = ledger[entry.Slot].With(entry.Sum);
            UnwrittenRows += (int)entry.Sum.Rows;
        }
    }
}
