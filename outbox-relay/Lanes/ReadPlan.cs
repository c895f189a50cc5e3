namespace Sidecar.OutboxRelay.Lanes;

/// <summary>
/// What to read next: rows of these lanes, visible in the window and not visible in what is done, with ids after
/// <see cref="After"/>, by id, as many as fit.
/// </summary>
/// <remarks>
/// A row that is not visible in done belongs either to a transaction at or above its xmax, and then its id is above
/// <see cref="Floor"/>, or to one that done saw running, wherever its id lies. Both must be read.
/// </remarks>
public sealed class ReadPlan
{
    internal ReadPlan(Lane[] lanes, int[] buckets, Snapshot? window, long windowFloor)
    {
        (Lanes, Buckets, Window, WindowFloor) = (lanes, buckets, window, windowFloor);
        Progress = lanes[0].Read;
    }

    /// <summary>The lanes' buckets, ascending; at least one.</summary>
    public IReadOnlyList<int> Buckets { get; }

    /// <summary>Rows that are visible in it are not wanted.</summary>
    public Snapshot Done => Progress.Done;

    /// <summary>See the remarks; 0: nothing is known.</summary>
    public long Floor => Progress.Floor;

    /// <summary>Rows must be visible in it; null: in a snapshot that is taken for this read, and given back with the rows.</summary>
    public Snapshot? Window { get; }

    /// <summary>Only rows with larger ids; 0 at the beginning of a window.</summary>
    public long After => Progress.After;

    internal Lane[] Lanes { get; }

    internal LaneProgress Progress { get; }

    internal long WindowFloor { get; }
}
