using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Wal;

/// <summary>A committed row, as it came from the log.</summary>
/// <param name="Xid">The top-level transaction that wrote it, by the row's own column.</param>
/// <param name="Slot">The part of the outbox's log that it lies in.</param>
/// <param name="Row">What is to be sent.</param>
public sealed record WalRow(ulong Xid, int Slot, OutboxRow Row);

/// <summary>What comes from the log, in the order of commits: a row, or a marker. One of the two is null.</summary>
/// <param name="Row">A committed row.</param>
/// <param name="Marker">Every row that is visible in this snapshot came before.</param>
public readonly record struct WalItem(WalRow? Row, Snapshot? Marker);

/// <summary>Why the outbox is not read from the log. A closed set.</summary>
public enum WalLoss
{
    /// <summary>The server does not write what logical decoding needs.</summary>
    NotLogical,

    /// <summary>The relay's role may not replicate.</summary>
    NotAllowed,

    /// <summary>The server has no slot or no sender left for us.</summary>
    NoneFree,

    /// <summary>The server would have had to keep more of its log for us than it may.</summary>
    TooFarBehind,

    /// <summary>The server ended the stream, or is gone.</summary>
    Broken,

    /// <summary>Something in the stream is not what we can read; the table can be.</summary>
    Unreadable,

    /// <summary>Other relays own lanes: one alone reads the log.</summary>
    NotAlone,
}

/// <summary>The loss, with a sentence for people.</summary>
public sealed record WalProblem(WalLoss Loss, string Text);
