using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Tests.Lanes.Simulation;

/// <summary>A row of the log.</summary>
internal sealed class ModelRow(ModelTransaction transaction, ulong xid, long id, int slot, int key)
{
    public ModelTransaction Transaction => transaction;

    /// <summary>What stands in the column: of the transaction, unless a mutant has put something else there.</summary>
    public ulong Xid => xid;

    public long Id => id;

    public int Slot => slot;

    public int Key => key;

    public int Bucket => key % ModelOutbox.Buckets;

    /// <summary>It was written under a savepoint that was rolled back.</summary>
    public bool IsUndone { get; set; }

    public bool IsThere => transaction.State == TransactionState.Committed && !IsUndone;

    public bool IsInKafka { get; set; }
}

internal struct ModelLane
{
    public Guid? Owner;
    public long Epoch;
    public LaneProgress Progress;

    public override readonly string ToString() => $"{Owner} with epoch {Epoch} at {Progress}";
}

internal struct ModelRelayRow
{
    public Guid Id;
    public long Beat;
    public long LeaseUntilMs;
}

/// <summary>The tables of the outbox: log, lanes, relays and ledger. Each method is one statement or transaction.</summary>
internal sealed class ModelOutbox(ModelServer server, Mutant mutant)
{
    public const int Buckets = 2;
    public const int Slots = 3;

    private readonly List<LaneSighting> sightings = new(Buckets);

    public List<ModelRow> Log { get; } = [];

    public ModelLane[] Lanes { get; } = [.. Enumerable.Repeat(new ModelLane { Progress = LaneProgress.Start }, Buckets)];

    public List<ModelRelayRow> Relays { get; } = [];

    public LedgerSum[] Ledger { get; } = new LedgerSum[Slots];

    public int CurrentSlot { get; private set; }

    /// <summary>What the plan asks for, by id; at most <paramref name="limit"/> rows.</summary>
    public List<ModelRow> Read(ReadPlan plan, Snapshot window, int limit, out bool complete)
    {
        var found = new List<ModelRow>();
        foreach (var row in Log)
        {
            if (row.Id > plan.After && row.IsThere && window.Sees(row.Xid) && Holds(plan, row.Bucket) &&
                (row.Xid >= plan.Done.Xmax ? row.Id > plan.Floor : IsRunning(plan.Done, row.Xid)))
            {
                found.Add(row);
            }
        }

        found.Sort((a, b) => a.Id.CompareTo(b.Id));
        complete = found.Count <= limit;
        if (!complete)
        {
            found.RemoveRange(limit, found.Count - limit);
        }

        return found;
    }

    public IReadOnlyList<LaneSighting> LookAtLanes()
    {
        sightings.Clear();
        for (var bucket = 0; bucket < Buckets; bucket++)
        {
            sightings.Add(new LaneSighting(bucket, Lanes[bucket].Owner, Lanes[bucket].Epoch));
        }

        return sightings;
    }

    public bool Claim(LaneSighting seen, Guid relay)
    {
        ref var lane = ref Lanes[seen.Bucket];
        if (lane.Owner != seen.Owner || lane.Epoch != seen.Epoch)
        {
            return false;
        }

        (lane.Owner, lane.Epoch) = (relay, lane.Epoch + 1);
        server.Commit();
        return true;
    }

    /// <summary>Writes a checkpoint; the answer: the lanes that were refused.</summary>
    public List<int> Write(Checkpoint checkpoint, Guid relay, out int covered)
    {
        var fenced = new List<int>();
        covered = 0;
        foreach (var write in checkpoint.Writes)
        {
            ref var lane = ref Lanes[write.Bucket];
            var ours = (lane.Owner == relay && lane.Epoch == write.Epoch) || mutant == Mutant.NoFence;
            if (ours)
            {
                (lane.Progress, lane.Owner) = (write.Progress, write.Release ? null : lane.Owner);
            }
            else
            {
                fenced.Add(write.Bucket);
            }

            foreach (var entry in write.Ledger)
            {
                covered += ours ? (int)entry.Sum.Rows : 0;
                if (ours || mutant == Mutant.LedgerOfFencedLanes)
                {
                    Ledger[entry.Slot] = Ledger[entry.Slot].With(entry.Sum);
                }
            }
        }

        server.Commit();
        return fenced;
    }

    public void Rotate()
    {
        var next = (CurrentSlot + 1) % Slots;
        if (!Log.Exists(row => row.Slot == next))
        {
            CurrentSlot = next;
        }
    }

    /// <summary>Empties a slot after the proof. False: the rows there are not those that were settled.</summary>
    public bool TryEmpty(int slot, out bool lost)
    {
        lost = false;
        if (slot == CurrentSlot)
        {
            return true;
        }

        foreach (var row in Log)
        {
            if (row.Slot == slot && row.Transaction.State == TransactionState.Running && mutant != Mutant.TruncatedUnderWriters)
            {
                return true;    // the lock is not to be had
            }

            if (row.Slot == slot && row.IsThere && !Lanes[row.Bucket].Progress.Has(row.Xid, row.Id) &&
                mutant != Mutant.TruncatedWithoutProof)
            {
                return true;
            }
        }

        if (mutant is not (Mutant.TruncatedWithoutProof or Mutant.TruncatedUnderWriters) && !IsProven(slot))
        {
            return false;
        }

        foreach (var row in Log)
        {
            lost |= row.Slot == slot && !row.IsInKafka && (row.IsThere || row.Transaction.State == TransactionState.Running);
        }

        Log.RemoveAll(row => row.Slot == slot);
        Ledger[slot] = default;
        server.Commit();
        return true;
    }

    /// <summary>The ledger says what lies in the slot; all of it is settled.</summary>
    public bool IsProven(int slot)
    {
        var there = default(LedgerSum);
        foreach (var row in Log)
        {
            if (row.Slot == slot && row.IsThere)
            {
                there = there.With(row.Id);
            }
        }

        return there == Ledger[slot];
    }

    private bool IsRunning(Snapshot done, ulong xid) => mutant != Mutant.RunningForgotten && done.Running.Contains(xid);

    private static bool Holds(ReadPlan plan, int bucket)
    {
        foreach (var held in plan.Buckets)
        {
            if (held == bucket)
            {
                return true;
            }
        }

        return false;
    }
}
