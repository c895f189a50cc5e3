using System.IO.Hashing;

namespace Sidecar.Agent.Dispatch;

/// <summary>The events of one key that have arrived and are not done: the first is on its way, the others wait behind it.</summary>
internal sealed class Lane
{
    public ulong Hash { get; set; }

    /// <summary>The event on its way; its key is the lane's key.</summary>
    public QueuedEvent? First { get; set; }

    public QueuedEvent? Last { get; set; }

    /// <summary>Another lane whose key has the same hash, or the next one that is free.</summary>
    public Lane? Chain { get; set; }
}

/// <summary>
/// Which events of one partition wait for one another. Lanes are found by a 64-bit hash of the key, and the bytes are
/// compared, so that two keys never share a lane. A null key is no key: its events wait for none. Not synchronized: its
/// owner holds a lock.
/// </summary>
internal sealed class KeyLanes(Ordering ordering)
{
    private readonly Dictionary<ulong, Lane> lanes = [];
    private Lane? free;

    /// <summary>Adds an event behind those it must wait for. True: it waits for none and is ready.</summary>
    public bool Enter(QueuedEvent queued)
    {
        if (ordering == Ordering.None || (ordering == Ordering.Key && !queued.Record.HasKey))
        {
            return true;
        }

        var hash = ordering == Ordering.Key ? XxHash3.HashToUInt64(queued.Record.Key) : 0;
        var lane = Find(hash, queued);
        queued.Lane = lane;
        if (lane.First is null)
        {
            lane.First = lane.Last = queued;
            return true;
        }

        lane.Last!.Behind = queued;
        lane.Last = queued;
        return false;
    }

    /// <summary>Takes out the first event of its lane. Returns the one that is ready now, if there is one.</summary>
    public QueuedEvent? Leave(QueuedEvent queued)
    {
        if (queued.Lane is not { } lane)
        {
            return null;
        }

        var next = queued.Behind;
        queued.Lane = null;
        queued.Behind = null;
        lane.First = next;
        if (next is null)
        {
            Remove(lane);
        }

        return next;
    }

    /// <summary>Takes out every event that waits behind another: all but the first of each lane.</summary>
    public List<QueuedEvent> TakeWaiting()
    {
        var taken = new List<QueuedEvent>();
        foreach (var start in lanes.Values)
        {
            for (var lane = start; lane is not null; lane = lane.Chain)
            {
                for (var queued = lane.First!.Behind; queued is not null; queued = queued.Behind)
                {
                    taken.Add(queued);
                }

                lane.First.Behind = null;
                lane.Last = lane.First;
            }
        }

        return taken;
    }

    private Lane Find(ulong hash, QueuedEvent queued)
    {
        lanes.TryGetValue(hash, out var first);
        for (var lane = first; lane is not null; lane = lane.Chain)
        {
            if (ordering == Ordering.Partition || lane.First!.Record.Key.SequenceEqual(queued.Record.Key))
            {
                return lane;
            }
        }

        var fresh = free ?? new Lane();
        free = fresh.Chain;
        fresh.Hash = hash;
        fresh.Chain = first;
        lanes[hash] = fresh;
        return fresh;
    }

    private void Remove(Lane lane)
    {
        if (lanes[lane.Hash] is var first && first != lane)
        {
            while (first.Chain != lane)
            {
                first = first.Chain!;
            }

            first.Chain = lane.Chain;
        }
        else if (lane.Chain is { } second)
        {
            lanes[lane.Hash] = second;
        }
        else
        {
            lanes.Remove(lane.Hash);
        }

        lane.Last = null;
        lane.Chain = free;
        free = lane;
    }
}
