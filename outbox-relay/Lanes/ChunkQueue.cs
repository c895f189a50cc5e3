namespace Sidecar.OutboxRelay.Lanes;

/// <summary>The chunks that are not settled, in the order of reading, and rows that were settled out of their turn.</summary>
internal sealed class ChunkQueue
{
    private readonly LinkedList<Chunk> chunks = [];
    private readonly Dictionary<long, Lane> ahead = [];

    /// <summary>Chunks with rows.</summary>
    public int Count { get; private set; }

    /// <summary>The last read found nothing more in the same lanes: what the chunk before ends with is later, that is all.</summary>
    public bool TryExtend(Lane[] lanes, LaneProgress progress)
    {
        if (chunks.Last?.Value is not { } before || !before.Lanes.AsSpan().SequenceEqual(lanes))
        {
            return false;
        }

        before.After = progress;
        return true;
    }

    public void Add(Chunk chunk)
    {
        chunks.AddLast(chunk);
        Count += chunk.Rows.Count > 0 ? 1 : 0;
        foreach (var lane in chunk.Lanes)
        {
            lane.ChunksUnderWay++;
        }

        if (ahead.Count == 0)
        {
            return;
        }

        foreach (var row in chunk.Rows)
        {
            if (ahead.Remove(row.Id))
            {
                chunk.Settle(row.Id);
            }
        }
    }

    public void Settle(ReadOnlySpan<long> ids)
    {
        foreach (var id in ids)
        {
            foreach (var chunk in chunks)
            {
                if (chunk.Settle(id))
                {
                    break;
                }
            }
        }
    }

    /// <summary>Enters what is settled without a gap into the lanes.</summary>
    /// <param name="partly">Also the part of the first chunk that is not settled to its end.</param>
    public void Advance(bool partly)
    {
        while (chunks.First?.Value is { IsSettled: true } chunk)
        {
            chunk.Apply();
            chunks.RemoveFirst();
            Count -= chunk.Rows.Count > 0 ? 1 : 0;
            foreach (var lane in chunk.Lanes)
            {
                lane.ChunksUnderWay--;
            }
        }

        if (partly)
        {
            chunks.First?.Value.Apply();
        }
    }

    /// <summary>Forgets what is not settled, and remembers what was settled out of its turn.</summary>
    public void Clear()
    {
        foreach (var chunk in chunks)
        {
            for (var i = 0; i < chunk.Rows.Count; i++)
            {
                // What the chunk in front has entered is not read again.
                if (chunk.Has(i) && (chunk != chunks.First!.Value || i >= chunk.Prefix) &&
                    chunk.LaneOf(chunk.Rows[i].Bucket) is { State: not LaneState.Gone } lane)
                {
                    ahead[chunk.Rows[i].Id] = lane;
                }
            }

            foreach (var lane in chunk.Lanes)
            {
                lane.ChunksUnderWay--;
            }
        }

        chunks.Clear();
        Count = 0;
    }

    public void Forget(Lane lane)
    {
        foreach (var (id, _) in ahead.Where(row => row.Value == lane).ToList())
        {
            ahead.Remove(id);
        }
    }
}
