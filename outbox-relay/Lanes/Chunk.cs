namespace Sidecar.OutboxRelay.Lanes;

/// <summary>Rows that were read together and are settled together; made by <see cref="LaneBook"/>.</summary>
public sealed class Chunk
{
    private readonly IReadOnlyList<LaneRow> rows;
    private readonly LaneProgress from;
    private readonly Snapshot window;
    private readonly long windowFloor;
    private bool[]? apart;
    private int applied;

    internal Chunk(ReadPlan plan, Snapshot window, long windowFloor, IReadOnlyList<LaneRow> rows, LaneProgress after)
    {
        (Lanes, from, this.window, this.windowFloor) = (plan.Lanes, plan.Progress, window, windowFloor);
        (this.rows, After) = (rows, after);
    }

    /// <summary>The rows, by id.</summary>
    public IReadOnlyList<LaneRow> Rows => rows;

    /// <summary>Rows from the first on that are settled without a gap.</summary>
    public int Prefix { get; private set; }

    /// <summary>All of it is settled.</summary>
    public bool IsSettled => Prefix == rows.Count;

    internal Lane[] Lanes { get; }

    /// <summary>What its lanes have settled once the chunk is.</summary>
    internal LaneProgress After { get; set; }

    /// <summary>The row was settled, whether or not rows before it are.</summary>
    public bool Has(int index) => index < Prefix || (apart is not null && apart[index]);

    internal void SettleAll() => Prefix = rows.Count;

    /// <summary>
    /// False: no row of this chunk, or settled before. A lane that was lost and claimed again can have the same row under way
    /// twice; each is settled by an acknowledgement of its own.
    /// </summary>
    internal bool Settle(long id)
    {
        var index = Prefix < rows.Count && rows[Prefix].Id == id ? Prefix : Find(id);
        if (index < 0 || Has(index))
        {
            return false;
        }

        if (index > Prefix)
        {
            (apart ??= new bool[rows.Count])[index] = true;
            return true;
        }

        Prefix++;
        while (apart is not null && Prefix < rows.Count && apart[Prefix])
        {
            Prefix++;
        }

        return true;
    }

    /// <summary>Enters what is newly settled without a gap into its lanes.</summary>
    internal void Apply()
    {
        if (Prefix == applied && !IsSettled)
        {
            return;
        }

        for (var i = applied; i < Prefix; i++)
        {
            var row = rows[i];
            var lane = LaneOf(row.Bucket);
            if (lane.State != LaneState.Gone)
            {
                lane.Enter(row.Slot, row.Id);
            }
        }

        applied = Prefix;
        var progress = IsSettled ? After : from.Within(window, windowFloor, rows[Prefix - 1].Id);
        foreach (var lane in Lanes)
        {
            lane.Settled = progress;
        }
    }

    internal Lane LaneOf(int bucket)
    {
        // Lanes stand by bucket, and mostly all of them are owned: then the bucket is the index.
        if (bucket < Lanes.Length && Lanes[bucket].Bucket == bucket)
        {
            return Lanes[bucket];
        }

        var (low, high) = (0, Lanes.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var found = Lanes[middle].Bucket;
            if (found == bucket)
            {
                return Lanes[middle];
            }

            (low, high) = found < bucket ? (middle + 1, high) : (low, middle - 1);
        }

        throw new ArgumentOutOfRangeException(nameof(bucket), bucket, "no row of this lane was asked for");
    }

    private int Find(long id)
    {
        var (low, high) = (0, rows.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (rows[middle].Id == id)
            {
                return middle;
            }

            (low, high) = rows[middle].Id < id ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }
}
