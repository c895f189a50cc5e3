namespace Sidecar.OutboxRelay.Lanes;

/// <summary>What the book must know of a row that was read.</summary>
/// <param name="Id">Its id: from the sequence, so never used twice.</param>
/// <param name="Bucket">The lane that it belongs to.</param>
/// <param name="Slot">The part of the log that it lies in: 0 to <see cref="LedgerSum.MaxSlots"/> - 1.</param>
public readonly record struct LaneRow(long Id, int Bucket, int Slot);

/// <summary>A set of rows in two numbers: how many, and the sum of their ids, so that sets are compared and not only sizes.</summary>
/// <param name="Rows">How many.</param>
/// <param name="IdSum">The sum of their ids modulo 2^62.</param>
public readonly record struct LedgerSum(long Rows, long IdSum)
{
    /// <summary>Slots that a ledger can tell apart.</summary>
    public const int MaxSlots = 64;

    private const long Modulus = 1L << 62;

    /// <summary>With one more row.</summary>
    public LedgerSum With(long id) => new(Rows + 1, (IdSum + id) & (Modulus - 1));

    /// <summary>Both sets together.</summary>
    public LedgerSum With(LedgerSum other) => new(Rows + other.Rows, (IdSum + other.IdSum) & (Modulus - 1));
}

/// <summary>Rows of one slot that a lane's new progress covers and its last did not.</summary>
public readonly record struct LedgerEntry(int Slot, LedgerSum Sum);

/// <summary>Settled rows of one lane and one slot.</summary>
public readonly record struct SettledRows(int Bucket, int Slot, LedgerSum Sum);
