using System.IO.Hashing;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Which events of one partition wait for one another. Lanes are found by a 64-bit hash of the key, and the bytes are
/// compared, so that two keys never share a lane. A null key is no key: its events wait for none. Not synchronized: its
/// owner holds a lock.
/// </summary>
/// <param name="ordering">Which events wait for one another.</param>
/// <param name="hasCopies">An event may come several times, and its copies wait for one another in any case.</param>
internal sealed class KeyLanes(Ordering ordering, bool hasCopies = false)
{
    private readonly Dictionary<ulong, Lane> lanes = [];
    private Lane? free;

    /// <summary>
    /// Adds an event behind those it must wait for; one of a parked lane is only counted. True: it waits for none and is ready.
    /// </summary>
    public bool Enter(LaneEntry entry)
    {
        var isAlone = IsAlone(entry);
        if (isAlone && !hasCopies)
        {
            return true;
        }

        var hash = isAlone ? (ulong)entry.Record.Position.Offset
            : ordering == Ordering.Key ? XxHash3.HashToUInt64(entry.Record.Key) : 0;
        var lane = Find(hash, entry);
        entry.Lane = lane;
        lane.Count++;
        if (lane.IsParked)
        {
            return false;
        }

        if (lane.First is null)
        {
            lane.First = lane.Last = entry;
            return true;
        }

        lane.Last!.Behind = entry;
        lane.Last = entry;
        return false;
    }

    /// <summary>Takes out the first event of its lane. Returns the one that is ready now, if there is one.</summary>
    public LaneEntry? Leave(LaneEntry entry)
    {
        if (entry.Lane is not { } lane)
        {
            return null;
        }

        var next = entry.Behind;
        lane.Count--;
        entry.Lane = null;
        entry.Behind = null;
        lane.First = next;
        if (next is null)
        {
            Remove(lane);
        }

        return next;
    }

    /// <summary>The first event of its lane is parked. Takes out those behind it; they are counted on.</summary>
    public static List<LaneEntry> Park(LaneEntry entry)
    {
        var taken = new List<LaneEntry>();
        for (var behind = entry.Behind; behind is not null; behind = behind.Behind)
        {
            taken.Add(behind);
        }

        entry.Behind = null;
        if (entry.Lane is { } lane)
        {
            lane.IsParked = true;
            lane.Last = entry;
        }

        return taken;
    }

    /// <summary>Events of the key that has most of them. Looks at every lane.</summary>
    public int Longest
    {
        get
        {
            var longest = 0;
            foreach (var start in lanes.Values)
            {
                for (var lane = start; lane is not null; lane = lane.Chain)
                {
                    longest = Math.Max(longest, lane.Count);
                }
            }

            return longest;
        }
    }

    /// <summary>Takes out every event that waits behind another: all but the first of each lane.</summary>
    public List<LaneEntry> TakeWaiting()
    {
        var taken = new List<LaneEntry>();
        foreach (var start in lanes.Values)
        {
            for (var lane = start; lane is not null; lane = lane.Chain)
            {
                for (var entry = lane.First!.Behind; entry is not null; entry = entry.Behind)
                {
                    taken.Add(entry);
                }

                lane.Count = 1;
                lane.First.Behind = null;
                lane.Last = lane.First;
            }
        }

        return taken;
    }

    /// <summary>It waits for no other event.</summary>
    private bool IsAlone(LaneEntry entry) =>
        ordering == Ordering.None || (ordering == Ordering.Key && !entry.Record.HasKey);

    private bool AreOfOneLane(LaneEntry first, LaneEntry entry) =>
        ordering == Ordering.Partition
        || (IsAlone(first)
            ? IsAlone(entry) && first.Record.Position.Offset == entry.Record.Position.Offset
            : !IsAlone(entry) && first.Record.Key.SequenceEqual(entry.Record.Key));

    private Lane Find(ulong hash, LaneEntry entry)
    {
        lanes.TryGetValue(hash, out var first);
        for (var lane = first; lane is not null; lane = lane.Chain)
        {
            if (AreOfOneLane(lane.First!, entry))
            {
                return lane;
            }
        }

        var fresh = free ?? new Lane();
        free = fresh.Chain;
        fresh.Hash = hash;
        fresh.Count = 0;
        fresh.IsParked = false;
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
