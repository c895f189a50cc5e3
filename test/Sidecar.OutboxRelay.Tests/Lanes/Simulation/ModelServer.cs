using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Tests.Lanes.Simulation;

internal enum TransactionState
{
    Running,
    Committed,
    RolledBack,
}

/// <summary>One transaction. It has no number until it needs one.</summary>
internal sealed class ModelTransaction
{
    public ulong Xid { get; set; }

    /// <summary>The highest number of its subtransactions.</summary>
    public ulong LastSubxid { get; set; }

    public TransactionState State { get; set; }
}

/// <summary>PostgreSQL's transactions, snapshots and sequence, with its clock, as one process after another sees them.</summary>
internal sealed class ModelServer
{
    private readonly List<ModelTransaction> running = [];
    private ulong nextXid = 100;
    private ulong latestEnded = 99;
    private ulong durableXid = 100;
    private long durableId;
    private Snapshot? current;

    /// <summary>What the sequence says.</summary>
    public long LastId { get; private set; }

    /// <summary>The number that the next transaction will get.</summary>
    public ulong NextXid => nextXid;

    /// <summary>Milliseconds; can be set back.</summary>
    public long ClockMs { get; set; } = 1_000_000;

    public long NextId() => ++LastId;

    /// <summary>Gives the transaction its number.</summary>
    public void Number(ModelTransaction transaction)
    {
        if (transaction.Xid == 0)
        {
            transaction.Xid = nextXid++;
            running.Add(transaction);
            current = null;
        }
    }

    /// <summary>Begins a subtransaction that writes: it has a number of its own, which no snapshot lists.</summary>
    public ulong NumberPart(ModelTransaction transaction)
    {
        Number(transaction);
        return transaction.LastSubxid = nextXid++;
    }

    public void End(ModelTransaction transaction, bool commit)
    {
        transaction.State = commit ? TransactionState.Committed : TransactionState.RolledBack;
        if (transaction.Xid == 0)
        {
            return;
        }

        running.Remove(transaction);
        current = null;
        latestEnded = Math.Max(latestEnded, Math.Max(transaction.Xid, transaction.LastSubxid));
        if (commit)
        {
            (durableXid, durableId) = (Math.Max(durableXid, latestEnded + 1), LastId);
        }
    }

    /// <summary>A transaction that only commits: a write of a relay.</summary>
    public void Commit()
    {
        var transaction = new ModelTransaction();
        Number(transaction);
        End(transaction, commit: true);
    }

    public Snapshot TakeSnapshot()
    {
        if (current is null)
        {
            var xmax = latestEnded + 1;
            var below = 0;
            while (below < running.Count && running[below].Xid < xmax)
            {
                below++;
            }

            var xids = new ulong[below];
            for (var i = 0; i < below; i++)
            {
                xids[i] = running[i].Xid;
            }

            current = Snapshot.Of(below > 0 ? xids[0] : xmax, xmax, xids);
        }

        return current;
    }

    /// <summary>Whatever runs is rolled back; numbers and ids above what was made durable may be given out again.</summary>
    public void Crash(Dice dice)
    {
        foreach (var transaction in running)
        {
            transaction.State = TransactionState.RolledBack;
        }

        running.Clear();
        current = null;
        nextXid = durableXid + (ulong)dice.Next((int)(nextXid - durableXid) + 1);
        latestEnded = nextXid - 1;
        LastId = durableId + dice.Next((int)(LastId - durableId) + 1);
    }
}
