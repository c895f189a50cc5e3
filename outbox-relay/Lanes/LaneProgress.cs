namespace Sidecar.OutboxRelay.Lanes;

/// <summary>What stands in a lane's row: how far its rows are settled. It never changes; a step makes a new one.</summary>
/// <param name="Done">Every row that is visible in it is settled.</param>
/// <param name="Floor">
/// Every row of a transaction at or above xmax of <paramref name="Done"/> has an id above it (rows of the transactions
/// that <paramref name="Done"/> saw running may lie below). At least 0; see <see cref="FloorTrack"/>.
/// </param>
/// <param name="Window">What is being read and settled next; null: that is still to be chosen.</param>
public sealed record LaneProgress(Snapshot Done, long Floor, OpenWindow? Window)
{
    /// <summary>Where a lane begins: nothing is settled.</summary>
    public static readonly LaneProgress Start = new(Snapshot.None, 0, null);

    /// <summary>Rows after this id are still to be read, of those in the window.</summary>
    public long After => Window?.SettledTo ?? 0;

    /// <summary>The row is settled.</summary>
    public bool Has(ulong xid, long id) =>
        Done.Sees(xid) || (Window is { } window && id <= window.SettledTo && window.Snapshot.Sees(xid));

    /// <summary>
    /// Every row with at most this id is settled, or was rolled back: nothing is to be read while the sequence has not gone
    /// beyond it. That the sequence stands still is not enough: a transaction that has its id may be running.
    /// </summary>
    public bool HasAllUpTo(long lastId) => Window is null && lastId <= Floor && Done.Running.IsEmpty;

    /// <summary>The window is open, with its rows up to this id settled.</summary>
    public LaneProgress Within(Snapshot window, long floor, long settledTo) => new(Done, Floor, new OpenWindow(window, floor, settledTo));

    /// <summary>All of the window is settled.</summary>
    public static LaneProgress Closed(Snapshot window, long floor) => new(window, floor, null);
}

/// <summary>A window that is partly settled: the rows that are visible in a snapshot and not in what is done.</summary>
/// <param name="Snapshot">Its end.</param>
/// <param name="Floor">The floor that holds once it is closed.</param>
/// <param name="SettledTo">Its rows with at most this id are settled; 0: none.</param>
public sealed record OpenWindow(Snapshot Snapshot, long Floor, long SettledTo);
