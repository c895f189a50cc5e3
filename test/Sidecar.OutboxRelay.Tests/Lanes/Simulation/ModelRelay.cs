using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Tests.Lanes.Simulation;

/// <summary>
/// A relay: the product's book, watch and shares, between a database and a Kafka that are models. Each step is one
/// statement or one record; between any two of them everybody else may move.
/// </summary>
internal sealed class ModelRelay(World world, Guid id)
{
    private readonly ModelMembership membership = new(world, id);
    private readonly ModelProducer producer = new(world);
    private readonly long[] cursors = new long[ModelOutbox.Buckets];
    private LaneBook book = new(world.ChunksUnderWay);
    private (long LastId, ulong NextXid)? sequence;
    private Checkpoint? checkpoint;
    private long lastIdBefore;
    private int uncovered;
    private int faults;

    public Guid Id => id;

    /// <summary>It does not move before this time.</summary>
    public long PausedUntilMs { get; set; }

    public bool IsStopping { get; private set; }

    /// <summary>It was told to stop, and has given everything back.</summary>
    public bool HasStopped => IsStopping && book.Count == 0 && checkpoint is null;

    public void Step()
    {
        var dice = world.Dice;
        if (!Continue())
        {
            switch (dice.Next(world.HasFaults && dice.OneIn(8) ? 13 : 12))
            {
                case 0 or 1: membership.Renew(); break;
                case 2 or 3 or 4: LookAtSequence(); break;
                case 5 or 6 or 7: Send(); break;
                case 8 or 9: Hear(); break;
                case 10 or 11: TakeCheckpoint(all: dice.OneIn(4)); break;
                default: Rewind(); break;
            }
        }
    }

    /// <summary>Does a round of everything, without a fault.</summary>
    public void Work()
    {
        while (Continue()) { }
        membership.Renew();
        while (Continue()) { }
        for (var i = 0; i < 4; i++)
        {
            while (Send()) { }
            while (Hear()) { }
            TakeCheckpoint(all: false);
            while (Continue(sure: true)) { }
            LookAtSequence();
            while (Continue()) { }
        }
    }

    public void Stop()
    {
        IsStopping = true;
        book.DrainAll();
    }

    /// <summary>Killed: what was handed over to the network may still come.</summary>
    public void Crash()
    {
        producer.Abandon();
        faults++;
    }

    /// <summary>The connection is gone, and nobody knows how the last commit ended: memory must go with it.</summary>
    public void LoseConnection()
    {
        (sequence, checkpoint) = (null, null);
        membership.Forget();
        if (world.Mutant != Mutant.MemoryKeptOverCrash)
        {
            StartAgain();
        }
    }

    /// <summary>After a life without faults nothing that was sent may be sent again by others.</summary>
    public string? Audit() => uncovered <= faults * world.RowsOfAFault
        ? null
        : $"{uncovered} records may come again after {faults} faults of at most {world.RowsOfAFault} rows";

    public override string ToString() =>
        $"{id} with lanes {string.Join(' ', book.Lanes)}, {book.UnderWay} under way, {(IsStopping ? "stopping" : "going on")}";

    private void StartAgain()
    {
        producer.Abandon();
        book = new LaneBook(world.ChunksUnderWay);
        faults++;
        if (IsStopping)
        {
            membership.Leave();
        }
    }

    private bool Continue(bool sure = false)
    {
        if (checkpoint is { } taken)
        {
            checkpoint = null;
            Write(taken, sure);
            return true;
        }

        if (sequence is { } reading)
        {
            sequence = null;
            Read(reading);
            return true;
        }

        return membership.Continue(book, IsStopping, ref faults);
    }

    private void LookAtSequence()
    {
        if (book.UnwrittenRows < world.CheckpointRows && book.NextRead() is not null)
        {
            var ahead = world.Mutant == Mutant.UnlockedSequence && world.Dice.OneIn(32) ? 32 : 0;
            sequence = (world.Server.LastId + ahead, world.Server.NextXid);
        }
    }

    private void Read((long LastId, ulong NextXid) reading)
    {
        var (server, mutant) = (world.Server, world.Mutant);
        if (mutant == Mutant.NumberBeforeSequence)
        {
            reading = (server.LastId, reading.NextXid);
        }

        book.Note(reading.LastId, mutant == Mutant.FloorWithoutProof ? 0 : reading.NextXid);
        if (book.NextRead() is not { } plan)
        {
            return;    // it was told to stop meanwhile
        }

        var unchanged = mutant == Mutant.UnchangedSequenceSkipped
            ? reading.LastId == lastIdBefore && plan.Window is null && plan.Done.Running.IsEmpty && !plan.Done.Equals(Snapshot.None)
            : world.Dice.OneIn(2) && !book.HasMore && book.HasReadUpTo(reading.LastId);
        lastIdBefore = reading.LastId;
        if (unchanged)
        {
            return;
        }

        var snapshot = plan.Window ?? server.TakeSnapshot();
        if (mutant == Mutant.XminHorizon && plan.Window is null)
        {
            snapshot = Snapshot.Of(snapshot.Xmin, snapshot.Xmin, []);
        }

        var found = world.Outbox.Read(plan, snapshot, world.ChunkRows, out var complete);
        if (mutant == Mutant.FloorAfterSnapshot && world.Dice.OneIn(2))
        {
            // Others moved between the two statements: a writer took its id.
            world.Writers[world.Dice.Next(world.Writers.Count)].Step(world.Dice, finish: false);
            book.Note(server.LastId, 0);
        }

        Take(plan, plan.Window is null ? snapshot : server.TakeSnapshot(), found, complete || mutant == Mutant.PartIsTheWhole);
    }

    private void Take(ReadPlan plan, Snapshot snapshot, List<ModelRow> found, bool complete)
    {
        if (world.Mutant == Mutant.IdCursor)
        {
            found.RemoveAll(row => row.Id <= cursors[row.Bucket]);
            found.ForEach(row => cursors[row.Bucket] = Math.Max(cursors[row.Bucket], row.Id));
        }

        if (!book.TryTake(plan, snapshot, found.ConvertAll(row => new LaneRow(row.Id, row.Bucket, row.Slot)), complete, out var chunk))
        {
            world.Violation ??= $"snapshot {snapshot} does not cover {plan.Done}";
        }

        if (chunk is null)
        {
            return;
        }

        var toSend = new List<ModelRow>(found.Count);
        for (var i = 0; i < found.Count; i++)
        {
            if (!chunk.Has(i))
            {
                toSend.Add(found[i]);
            }
        }

        if (world.Mutant == Mutant.XminHorizon)
        {
            toSend.Sort((a, b) => (a.Xid, a.Id).CompareTo((b.Xid, b.Id)));
        }

        foreach (var row in toSend)
        {
            producer.Enqueue(row);
            if (world.Mutant == Mutant.SettledWhenSent)
            {
                book.Settle([row.Id]);
            }
        }
    }

    private bool Send()
    {
        var sent = producer.Send();
        uncovered += sent ? 1 : 0;
        return sent;
    }

    private bool Hear()
    {
        if (producer.Hear() is not { } row)
        {
            return false;
        }

        book.Settle([row.Id]);
        if (world.Mutant == Mutant.SettledUpToTheAcknowledged)
        {
            book.Settle(producer.Queued.Where(other => other.Id < row.Id).Select(other => other.Id).ToArray());
        }

        return true;
    }

    private void TakeCheckpoint(bool all)
    {
        if (world.Mutant == Mutant.ReleasedUndrained)
        {
            membership.ReleaseAtOnce(book);
        }

        checkpoint = book.TakeCheckpoint(all);
    }

    private void Write(Checkpoint taken, bool sure)
    {
        if (world.HasFaults && !sure && world.Dice.OneIn(16))
        {
            book.NotWritten(taken);
            return;
        }

        var unknown = world.HasFaults && !sure && world.Dice.OneIn(16);
        if (unknown && world.Dice.OneIn(2))
        {
            StartAgain();    // it was not written, but nobody says so
            return;
        }

        var fenced = world.Outbox.Write(taken, id, out var covered);
        uncovered -= covered;
        if (unknown && world.Mutant == Mutant.UnknownTakenForRolledBack)
        {
            book.NotWritten(taken);
        }
        else if (unknown)
        {
            StartAgain();
        }
        else
        {
            faults += fenced.Count;
            book.Written(taken, fenced);
        }
    }

    /// <summary>Kafka refused something: the producer is made again, what it had may have arrived or not.</summary>
    private void Rewind()
    {
        for (var sends = world.Dice.Next(3); sends > 0; sends--)
        {
            Send();
        }

        producer.Purge();
        book.Rewind();
        faults++;
    }
}
