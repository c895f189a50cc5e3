using Npgsql;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// What the store does under one entry of its relay: hands out rows, takes note of what became of them, and writes that
/// down at intervals.
/// </summary>
internal sealed class PgTenure
{
    private readonly PgSession session;
    private readonly PgLanes lanes;
    private readonly PgProgressWriter writer;
    private readonly StoreOptions options;
    private readonly TimeProvider time;
    private readonly PgHeldRows held;
    private readonly PgPace pace;
    private readonly PgHistory history;
    private readonly PgTableReader table;
    private long? unwrittenSince;
    private long wroteAllAt;
    private long settledRows;
    private bool settledSinceAll;
    private bool heldWentLast;

    public PgTenure(PgSession session, PgLanes lanes, PgProgressWriter writer, StoreOptions options, TimeProvider time)
    {
        (this.session, this.lanes, this.writer, this.options, this.time) = (session, lanes, writer, options, time);
        held = new PgHeldRows(session, time);
        pace = new PgPace(session, time);
        history = new PgHistory(session, lanes.Memory);
        table = new PgTableReader(session, lanes, pace, history, held);
        wroteAllAt = time.GetTimestamp();
    }

    /// <summary>The way through the log; null: rows come from the table.</summary>
    public PgWal? Wal { get; init; }

    /// <summary>The epoch of the entry.</summary>
    public long Epoch => lanes.Epoch;

    /// <summary>Grows while rows are written or settled.</summary>
    public long Activity => history.HighestId + settledRows;

    /// <summary>The lanes' table is full of dead rows: progress is written less often.</summary>
    public bool WritesSeldom { get; set; }

    /// <summary>Ids were given out above what is settled, as of the last look.</summary>
    public bool IdsWait { get; set; }

    private LaneBook Book => lanes.Book;

    // A lane's next owner sends its held rows, too: none of them is under way when it is given back.
    private bool MayRelease => held.UnderWay == 0;

    private TimeSpan WriteEvery => WritesSeldom ? PgLimits.CheckpointEveryWhileBloated : PgLimits.CheckpointEvery;

    /// <summary>A lane that was claimed has lost what this relay wrote to it; null: none has.</summary>
    public async Task<StoreProblem?> IsContradictedAsync() =>
        lanes.Contradiction is { } how ? await history.WentBackAsync(how) : null;

    /// <summary>Renews the lease.</summary>
    public async Task<StoreAnswer<bool>> RenewAsync(TimeSpan length)
    {
        if ((await lanes.RenewAsync(length) ?? await IsContradictedAsync()) is { } problem)
        {
            return problem;
        }

        if (lanes.HasClaimed)
        {
            // Whoever had them before may have set rows aside.
            lanes.HasClaimed = false;
            held.MayBe = true;
        }

        if (Wal is not null)
        {
            await Wal.LookAsync();
        }

        return true;
    }

    /// <summary>The next rows.</summary>
    public async Task<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadAsync(
        bool fromStart, IReadOnlyCollection<string> waitingTopics, long maxPartBytes)
    {
        await pace.HushAsync();
        await WriteIfDueAsync();
        if (Wal is not null)
        {
            await Wal.StepAsync(table.IsCaughtUp, maxPartBytes);

            // Before more rows are read: those of which we know were there when the marker was written.
            if (Wal.TakeLastId() is { } lastId && await history.StandsAtAsync(lastId, floor: 0) is { } alarm)
            {
                return alarm;
            }
        }

        if (fromStart)
        {
            held.Rewind();
            Wal?.Rewind();
            if (Book.UnderWay > 0)
            {
                Book.Rewind();
            }
        }

        await held.LetGoAsync();

        // Held rows of a key go out alone, so that a later row of the key is behind them or after them, never before.
        if (held.UnderWay > 0 || Wal is { HoldsTable: true })
        {
            return Array.Empty<OutboxRow>();
        }

        return await ReadInTurnsAsync(
            waitingTopics,
            new PgReadLimits(options.WindowRows, options.WindowBytes, maxPartBytes, options.OnRefused == OnRefused.Hold));
    }

    // While there are both, a window of held rows and one of the others go in turns: of each there may be millions.
    private async Task<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadInTurnsAsync(
        IReadOnlyCollection<string> waitingTopics, PgReadLimits limits)
    {
        var othersFirst = heldWentLast;
        if (othersFirst)
        {
            heldWentLast = false;
            var others = await ReadOthersAsync(limits);
            if (others.Problem is not null || others.Value.Count > 0)
            {
                return others;
            }
        }

        if (held.IsDue)
        {
            // What was read before them is settled first: under load there would always be something under way.
            if (Book.UnderWay > 0 || Wal is { IsHandedOut: true })
            {
                return Array.Empty<OutboxRow>();
            }

            if (Wal is null or { UnderWay: 0 } && await held.ReadAsync(waitingTopics, limits, lanes) is { Count: > 0 } free)
            {
                heldWentLast = true;
                return free;
            }
        }

        return othersFirst ? Array.Empty<OutboxRow>() : await ReadOthersAsync(limits);
    }

    private async Task<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadOthersAsync(PgReadLimits limits)
    {
        if (Wal is not { IsStreaming: true })
        {
            return await table.ReadAsync(limits, mayRest: Wal is null);
        }

        var streamed = await Wal.ReadAsync(limits, held);
        history.Read(streamed);
        return streamed;
    }

    /// <summary>Takes note of what a window came to.</summary>
    public async Task<StoreAnswer<bool>> SettleAsync(Settlement settlement)
    {
        if (Wal is not null && !await Wal.AreVisibleAsync(settlement.Held))
        {
            return new StoreProblem(StoreFault.Busy, "a row that is to be set aside is committed and not yet to be seen");
        }

        Wal?.Settle(settlement);
        var done = settlement.Done as long[] ?? [.. settlement.Done];
        Book.Settle(done);
        held.Settle(settlement);
        Book.Settle(settlement.Held.Select(row => row.Id).ToArray());
        settledSinceAll = true;
        settledRows += done.Length;
        if (Wal is not { IsStreaming: true })
        {
            unwrittenSince ??= time.GetTimestamp();
        }

        try
        {
            await (held.HasNews ? WriteAsync(all: false) : WriteIfDueAsync());
        }
        catch (PostgresException e) when (e.SqlState == PgProgressWriter.SameId)
        {
            // Nothing was written, and nothing is before a person has looked: the row would be settled and nowhere.
            await PgAlarms.RaiseAsync(session.Connection, PgAlarms.Sequence, "outbox.held", e.MessageText);
            return new StoreProblem(StoreFault.Alarm, $"{session.Address.Shown}: {e.MessageText}");
        }

        return false;
    }

    /// <summary>Waits until there may be something new.</summary>
    public async Task WaitForNewsAsync(TimeSpan atMost, CancellationToken stop)
    {
        await WriteIfDueAsync();
        var untilWrite = unwrittenSince is { } since ? WriteEvery - time.GetElapsedTime(since) : atMost;
        var wait = untilWrite < atMost ? untilWrite : atMost;
        await (Wal is { IsStreaming: true } ? Wal.WaitAsync(wait, stop) : pace.WaitAsync(wait, stop));
    }

    /// <summary>Writes what is settled, gives back the lanes, and leaves.</summary>
    public async Task LeaveAsync()
    {
        if (Wal is not null)
        {
            await Wal.LeaveAsync();
        }

        Book.Rewind();
        held.Rewind();
        Book.DrainAll();
        try
        {
            await WriteAsync(all: true);
        }
        catch (PostgresException e) when (e.SqlState == PgProgressWriter.SameId)
        {
            // As when it was settled: what is not written is sent again.
        }

        await lanes.LeaveAsync();
    }

    private async Task WriteIfDueAsync()
    {
        if (Wal is not null && await Wal.AdvanceAsync(IdsWait))
        {
            unwrittenSince ??= time.GetTimestamp();
        }

        var isDue = Book.UnwrittenRows >= PgLimits.CheckpointRows || (Book.HasReleasable && MayRelease) ||
            (unwrittenSince is { } since && time.GetElapsedTime(since) >= WriteEvery);

        // Now and then all lanes are written, so that a successor finds them alike, and the backlog is known: it is counted
        // from the lowest floor.
        var all = time.GetElapsedTime(wroteAllAt) >= PgLimits.WriteAllEvery && (settledSinceAll || Book.HasRisen);
        if (all)
        {
            (wroteAllAt, settledSinceAll) = (time.GetTimestamp(), false);
        }

        if (isDue || all)
        {
            await WriteAsync(all);
        }
    }

    private async Task WriteAsync(bool all)
    {
        var checkpoint = Book.TakeCheckpoint(all, MayRelease);
        var progress = held.Take(checkpoint);
        if (checkpoint is null && !progress.HasHeld)
        {
            unwrittenSince = null;
            return;
        }

        var written = false;
        try
        {
            var fenced = await writer.WriteAsync(progress, lanes.Owned);
            written = true;
            unwrittenSince = null;
            held.Written();
            if (checkpoint is not null)
            {
                lanes.Wrote(checkpoint, fenced);
                Book.Written(checkpoint, fenced);
            }
        }
        finally
        {
            if (!written && checkpoint is not null)
            {
                Book.NotWritten(checkpoint);
            }
        }
    }
}
