namespace Sidecar.OutboxRelay.Lanes;

/// <summary>
/// The lanes that one relay owns: what to read next, what was read and is not settled, and what is to be written.
/// </summary>
/// <remarks>
/// <para>
/// Pure, and for one thread. It belongs to one connection: when that is lost, or nobody knows how a commit ended, the
/// server may have crashed and may use transaction numbers again that are in this book and not in the database. Then the
/// book goes away, and the next begins with the lanes' rows.
/// </para>
/// <para>
/// Lanes with equal progress are read together, with one snapshot. Lanes that were claimed later catch up: whoever stands
/// behind the newest snapshot reads up to it, and whoever stands there takes a newer one, in turns. They meet, and are one.
/// </para>
/// </remarks>
/// <param name="chunksUnderWay">Chunks with rows that may be read and not settled at a time; from 1.</param>
public sealed class LaneBook(int chunksUnderWay)
{
    private readonly List<Lane> lanes = [];    // by bucket
    private readonly ChunkQueue queue = new();
    private readonly FloorTrack floors = new();
    private (Snapshot Snapshot, long Floor)? newest;
    private long reads;

    /// <summary>Chunks with rows that are not settled.</summary>
    public int UnderWay => queue.Count;

    /// <summary>Rows that are settled without a gap and not yet written; what a crash repeats, beside those under way.</summary>
    public int UnwrittenRows => lanes.Sum(lane => lane.UnwrittenRows);

    /// <summary>Lanes that are ours, with those that are being drained.</summary>
    public int Count => lanes.Count;

    /// <summary>The lanes that are ours, by bucket, with their epochs and whether they are being drained.</summary>
    public IEnumerable<(int Bucket, long Epoch, bool Draining)> Lanes =>
        lanes.Select(lane => (lane.Bucket, lane.Epoch, lane.State == LaneState.Draining));

    /// <summary>A lane stands in an open window or behind the newest snapshot: to wait for news would be too early.</summary>
    public bool HasMore => lanes.Any(lane => lane.State == LaneState.Active &&
        (lane.Read.Window is not null || (newest is { } last && !lane.Read.Done.Equals(last.Snapshot))));

    /// <summary>What is read in all lanes alike, to the end of a window; null: they stand apart, or within one.</summary>
    public Snapshot? AllRead => lanes.Count > 0 &&
        lanes.TrueForAll(lane => lane is { State: LaneState.Active, Read.Window: null } && lane.Read == lanes[0].Read)
            ? lanes[0].Read.Done
            : null;

    /// <summary>A floor rose since its lane was written, maybe without a row: ids were given out and rolled back.</summary>
    public bool HasRisen => lanes.Any(lane => lane.Settled.Floor > lane.Written.Floor);

    /// <summary>Lanes are to be given back and nothing of them is under way: a checkpoint does it.</summary>
    public bool HasReleasable => lanes.Any(lane => lane.IsReleasable);

    /// <summary>A lane was claimed with this epoch; the progress is what its row held then.</summary>
    public void Claim(int bucket, long epoch, LaneProgress progress)
    {
        Lose(bucket);
        lanes.Insert(lanes.Count(lane => lane.Bucket < bucket), new Lane(bucket, epoch, progress) { ReadAt = reads });
    }

    /// <summary>The lane belongs to another. What of it is under way no longer counts, and is in Kafka's hands.</summary>
    public void Lose(int bucket)
    {
        if (Find(bucket) is not { } lane)
        {
            return;
        }

        lanes.Remove(lane);
        lane.State = LaneState.Gone;
        queue.Forget(lane);
    }

    /// <summary>Reads no more of the lane, and gives it back when what was read is settled. One that is not ours stays so.</summary>
    public void Drain(int bucket)
    {
        if (Find(bucket) is { } lane)
        {
            lane.State = LaneState.Draining;
        }
    }

    /// <summary>Gives back every lane.</summary>
    public void DrainAll()
    {
        foreach (var lane in lanes)
        {
            lane.State = LaneState.Draining;
        }
    }

    /// <summary>The epoch of a lane that is ours; null: it is not.</summary>
    public long? EpochOf(int bucket) => Find(bucket)?.Epoch;

    /// <summary>
    /// Notes where the sequence stood, so that floors can rise. Every poll should, in a statement before its snapshot: the
    /// sequence's last value, read under the lock of its page, then <c>pg_snapshot_xmax(pg_current_snapshot())</c> and
    /// <c>age('3'::xid)</c>, which <see cref="FloorTrack.NextXid"/> takes. The statement must be the first of its
    /// transaction: the age stands still in one.
    /// </summary>
    public void Note(long lastId, ulong nextXid) => floors.Note(lastId, nextXid);

    /// <summary>All rows up to this id have been read, in every lane that is read.</summary>
    public bool HasReadUpTo(long lastId) =>
        lanes.All(lane => lane.State != LaneState.Active || lane.Read.HasAllUpTo(lastId));

    /// <summary>What to read next; null: nothing, since enough is under way or no lane is read.</summary>
    public ReadPlan? NextRead()
    {
        Lane? first = null;
        foreach (var lane in lanes)
        {
            if (lane.State == LaneState.Active && (first is null || lane.ReadAt < first.ReadAt))
            {
                first = lane;
            }
        }

        if (first is null || UnderWay >= chunksUnderWay)
        {
            return null;
        }

        var progress = first.Read;
        var alike = new List<Lane>(lanes.Count);
        foreach (var lane in lanes)
        {
            if (lane.State == LaneState.Active && (ReferenceEquals(lane.Read, progress) || lane.Read == progress))
            {
                alike.Add(lane);
            }
        }

        var (window, floor) = (progress.Window?.Snapshot, progress.Window?.Floor ?? 0);
        if (window is null && newest is { } last && last.Snapshot.Covers(progress.Done) && !last.Snapshot.Equals(progress.Done))
        {
            (window, floor) = (last.Snapshot, Math.Max(last.Floor, progress.Floor));
        }

        return new ReadPlan([.. alike], [.. alike.Select(lane => lane.Bucket)], window, floor);
    }

    /// <summary>
    /// Takes in what the plan found; nothing else may have been asked of the book since it made it. Rows that were
    /// settled before a <see cref="Rewind"/> are in the chunk and settled already (<see cref="Chunk.Has"/>).
    /// </summary>
    /// <param name="plan">The plan.</param>
    /// <param name="snapshot">
    /// The statement's own snapshot. The window of a plan that has one ends there all the same, and not at this later one.
    /// </param>
    /// <param name="rows">What was found, by id; the book keeps it.</param>
    /// <param name="complete">Nothing was left out: the window ends here. A read that found nothing is complete.</param>
    /// <param name="chunk">The rows, some of which are to be sent; null: none are.</param>
    /// <returns>
    /// False: the snapshot does not see what is settled. The server's past is not what it was; nothing was taken in.
    /// </returns>
    public bool TryTake(ReadPlan plan, Snapshot snapshot, IReadOnlyList<LaneRow> rows, bool complete, out Chunk? chunk)
    {
        chunk = null;
        if (!snapshot.Covers(plan.Window ?? plan.Done) || (newest is { } last && !snapshot.Covers(last.Snapshot)))
        {
            return false;
        }

        var (window, floor) = (plan.Window ?? snapshot, plan.WindowFloor);
        if (plan.Window is null)
        {
            floor = Math.Max(floors.FloorOf(window), plan.Floor);
            newest = (window, floor);
        }

        reads++;
        var progress = complete || rows.Count == 0
            ? LaneProgress.Closed(window, floor)
            : plan.Progress.Within(window, floor, rows[^1].Id);
        foreach (var lane in plan.Lanes)
        {
            (lane.Read, lane.ReadAt) = (progress, reads);
        }

        if (rows.Count == 0 && queue.TryExtend(plan.Lanes, progress))
        {
            return true;
        }

        var made = new Chunk(plan, window, floor, rows, progress);
        queue.Add(made);
        chunk = made.IsSettled ? null : made;
        queue.Advance(partly: false);
        return true;
    }

    /// <summary>All rows of the chunk are settled.</summary>
    public void Settle(Chunk chunk)
    {
        chunk.SettleAll();
        queue.Advance(partly: false);
    }

    /// <summary>
    /// These rows are settled: Kafka has them, or they are set aside in the transaction of the next checkpoint. Quickest in
    /// the order of reading; rows that are not under way are passed over.
    /// </summary>
    public void Settle(ReadOnlySpan<long> ids)
    {
        queue.Settle(ids);
        queue.Advance(partly: false);
    }

    /// <summary>
    /// Everything that is visible in the snapshot is settled, without having been read here: the rows came another way.
    /// </summary>
    /// <param name="snapshot">What is settled.</param>
    /// <param name="rows">The rows that it sees and the lanes' progress did not.</param>
    /// <returns>False: something that was read here is under way, or more than this is settled; nothing was changed.</returns>
    public bool TryAdvance(Snapshot snapshot, IReadOnlyList<SettledRows> rows)
    {
        if (queue.Count > 0 || lanes.Any(lane => lane.Read.Window is not null || !snapshot.Covers(lane.Read.Done)))
        {
            return false;
        }

        var floor = lanes.Aggregate(floors.FloorOf(snapshot), (most, lane) => Math.Max(most, lane.Read.Floor));
        newest = (snapshot, floor);
        var progress = LaneProgress.Closed(snapshot, floor);
        lanes.ForEach(lane => lane.Settled = lane.Read = progress);
        foreach (var row in rows)
        {
            Find(row.Bucket)?.Enter(row.Slot, row.Sum);
        }

        return true;
    }

    /// <summary>
    /// Forgets what was read and is not settled: it is read again. Rows that were settled out of their turn are
    /// remembered, and need not be sent again.
    /// </summary>
    public void Rewind()
    {
        queue.Advance(partly: true);
        queue.Clear();
        foreach (var lane in lanes)
        {
            lane.Read = lane.Settled;
        }
    }

    /// <summary>
    /// What is to be written: the lanes of which rows were settled, and those that are to be given back.
    /// </summary>
    /// <param name="all">
    /// Also lanes of which only the snapshot is newer: now and then while idle, so that a successor finds them alike.
    /// </param>
    /// <param name="mayRelease">Lanes may be given back now.</param>
    /// <returns>Null: nothing is to be written. Otherwise one of the two answers is due before the next is made.</returns>
    public Checkpoint? TakeCheckpoint(bool all, bool mayRelease = true)
    {
        queue.Advance(partly: true);
        bool IsReleased(Lane lane) => mayRelease && lane.IsReleasable;
        LaneWrite Write(Lane lane) => new(lane.Bucket, lane.Epoch, lane.Settled, IsReleased(lane), lane.TakeLedger());
        var chosen = lanes.Where(lane => lane.UnwrittenRows > 0 || IsReleased(lane) || (all && lane.Settled != lane.Written)).ToArray();
        return chosen.Length == 0 ? null : new Checkpoint(Array.ConvertAll(chosen, Write), chosen);
    }

    /// <summary>The checkpoint is in the database, but for these lanes, whose owner or epoch was no longer ours.</summary>
    public void Written(Checkpoint checkpoint, IReadOnlyCollection<int> fenced)
    {
        for (var i = 0; i < checkpoint.Lanes.Length; i++)
        {
            var (lane, write) = (checkpoint.Lanes[i], checkpoint.Writes[i]);
            lane.Written = write.Progress;
            if (write.Release || fenced.Contains(write.Bucket))
            {
                Lose(write.Bucket);
            }
        }
    }

    /// <summary>The checkpoint was rolled back, for certain: it is made again.</summary>
    public void NotWritten(Checkpoint checkpoint)
    {
        for (var i = 0; i < checkpoint.Lanes.Length; i++)
        {
            checkpoint.Lanes[i].PutBack([.. checkpoint.Writes[i].Ledger]);
        }
    }

    private Lane? Find(int bucket) => lanes.Find(lane => lane.Bucket == bucket);
}
