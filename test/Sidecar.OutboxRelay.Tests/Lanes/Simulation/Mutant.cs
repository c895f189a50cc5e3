namespace Sidecar.OutboxRelay.Tests.Lanes.Simulation;

/// <summary>Bugs that are put in on purpose: each is one that a relay of this kind has had, or could have.</summary>
internal enum Mutant
{
    None,

    /// <summary>Reads the rows above the highest id that it has read.</summary>
    IdCursor,

    /// <summary>Reads what lies below xmin, by transaction and id.</summary>
    XminHorizon,

    /// <summary>Reads the sequence after the snapshot that the floor goes with.</summary>
    FloorAfterSnapshot,

    /// <summary>Reads the sequence before the snapshot, and asks no more of the floor.</summary>
    FloorWithoutProof,

    /// <summary>Reads the next transaction's number before the sequence.</summary>
    NumberBeforeSequence,

    /// <summary>Reads the sequence without the lock of its page: now and then what nextval writes ahead.</summary>
    UnlockedSequence,

    /// <summary>Does not look for rows of transactions that the last snapshot saw running.</summary>
    RunningForgotten,

    /// <summary>Does not read while the sequence stands still and the last snapshot saw nobody running.</summary>
    UnchangedSequenceSkipped,

    /// <summary>Closes a window though the read was cut off by its limit.</summary>
    PartIsTheWhole,

    /// <summary>Stores the number of the subtransaction, not that of the transaction.</summary>
    SubtransactionStored,

    /// <summary>Writes progress without asking whose lane it is.</summary>
    NoFence,

    /// <summary>Goes on from the progress that it saw before it claimed the lane.</summary>
    ProgressFromBeforeTheClaim,

    /// <summary>Takes a row for settled when it is sent.</summary>
    SettledWhenSent,

    /// <summary>Takes all rows up to the acknowledged one for settled.</summary>
    SettledUpToTheAcknowledged,

    /// <summary>Gives a lane back while rows of it are under way.</summary>
    ReleasedUndrained,

    /// <summary>Keeps its memory over a crash of the database.</summary>
    MemoryKeptOverCrash,

    /// <summary>Takes a commit of which nobody knows how it ended for rolled back.</summary>
    UnknownTakenForRolledBack,

    /// <summary>Enters rows into the ledger also where the fence refused their lane.</summary>
    LedgerOfFencedLanes,

    /// <summary>Empties a slot without looking whether its rows are settled.</summary>
    TruncatedWithoutProof,

    /// <summary>Empties a slot without waiting for the writers that are in it.</summary>
    TruncatedUnderWriters,

    /// <summary>Takes a relay for dead by the database's clock alone.</summary>
    DatabaseClockAlone,
}
