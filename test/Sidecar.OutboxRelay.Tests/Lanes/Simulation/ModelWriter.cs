namespace Sidecar.OutboxRelay.Tests.Lanes.Simulation;

/// <summary>
/// An application that changes things under row locks and publishes: one transaction after another, each in small steps.
/// </summary>
internal sealed class ModelWriter(ModelServer server, ModelOutbox outbox, ModelWriter?[] locks, Mutant mutant)
{
    private readonly List<ModelRow> sinceSavepoint = [];
    private ModelTransaction? transaction;
    private int key = -1;
    private ulong subxid;
    private (long Id, int Slot)? taken;

    public bool IsIdle => transaction is null;

    /// <summary>Rows that are committed and not undone, from the first on.</summary>
    public List<ModelRow> Rows { get; } = [];

    public void Step(Dice dice, bool finish)
    {
        if (transaction is null)
        {
            if (!finish)
            {
                Begin(dice);
            }
        }
        else if (taken is { } row)
        {
            Insert(row.Id, row.Slot, transaction);
        }
        else if (finish || dice.OneIn(7))
        {
            End(commit: !dice.OneIn(5));
        }
        else if (key < 0 || dice.OneIn(3))
        {
            LockAnother(dice);
        }
        else if (dice.OneIn(4))
        {
            TurnSavepoint(dice);
        }
        else if (transaction.Xid == 0)
        {
            server.Number(transaction);    // publish takes the number, and then, later, the id
        }
        else
        {
            taken = (server.NextId(), outbox.CurrentSlot);
        }
    }

    /// <summary>The server crashed: whatever ran has been rolled back.</summary>
    public void Reset()
    {
        if (transaction is not null)
        {
            Leave();
        }
    }

    private void Begin(Dice dice)
    {
        transaction = new ModelTransaction();
        if (dice.OneIn(3))
        {
            server.Number(transaction);    // it has written something else before
        }
    }

    // In ascending order, so that nobody waits in a circle. Where the lock is held, it comes again another time.
    private void LockAnother(Dice dice)
    {
        var wanted = key + 1 + dice.Next(2);
        if (wanted < locks.Length && (locks[wanted] ??= this) == this)
        {
            key = wanted;
        }
    }

    private void TurnSavepoint(Dice dice)
    {
        if (subxid == 0)
        {
            subxid = server.NumberPart(transaction!);
            return;
        }

        if (dice.OneIn(2))
        {
            sinceSavepoint.ForEach(row => row.IsUndone = true);
        }

        sinceSavepoint.Clear();
        subxid = 0;
    }

    private void Insert(long id, int slot, ModelTransaction owner)
    {
        var xid = subxid != 0 && mutant == Mutant.SubtransactionStored ? subxid : owner.Xid;
        var row = new ModelRow(owner, xid, id, slot, key);
        outbox.Log.Add(row);
        Rows.Add(row);
        if (subxid != 0)
        {
            sinceSavepoint.Add(row);
        }

        taken = null;
    }

    private void End(bool commit)
    {
        server.End(transaction!, commit);
        Leave();
    }

    private void Leave()
    {
        for (var i = 0; i < locks.Length; i++)
        {
            locks[i] = locks[i] == this ? null : locks[i];
        }

        Rows.RemoveAll(row => row.Transaction == transaction && !row.IsThere);
        sinceSavepoint.Clear();
        (transaction, key, subxid, taken) = (null, -1, 0, null);
    }
}
