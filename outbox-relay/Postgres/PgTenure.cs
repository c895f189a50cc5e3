using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// What the store does under one entry of its relay: hands out rows, takes note of what became of them, and writes that
/// down at intervals.
/// </summary>
internal sealed class PgTenure(
    PgSession session, PgLanes lanes, PgProgressWriter writer, StoreOptions options, TimeProvider time)
{
    private readonly PgRowReader rows = new(session);
    private readonly PgHeldRows held = new(session, time);
    private readonly PgPace pace = new(session, time);
    private long? unwrittenSince;

    /// <summary>The epoch of the entry.</summary>
    public long Epoch => lanes.Epoch;

    private LaneBook Book => lanes.Book;

    /// <summary>Renews the lease.</summary>
    public async Task<StoreAnswer<bool>> RenewAsync(TimeSpan length)
    {
        if (!await lanes.RenewAsync(length))
        {
            return new StoreProblem(StoreFault.Fenced, "another relay took this one for dead, and has its lanes");
        }

        if (lanes.HasClaimed)
        {
            // Whoever had them before may have set rows aside.
            lanes.HasClaimed = false;
            held.MayBe = true;
        }

        return true;
    }

    /// <summary>The next rows.</summary>
    public async Task<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadAsync(
        bool fromStart, IReadOnlyCollection<string> waitingTopics, long maxPartBytes)
    {
        await pace.HushAsync();
        await WriteIfDueAsync();
        if (fromStart)
        {
            held.Rewind();
            if (Book.UnderWay > 0)
            {
                Book.Rewind();
            }
        }

        // Held rows of a key go out alone, so that a later row of the key is behind them or after them, never before.
        if (held.UnderWay > 0)
        {
            return Array.Empty<OutboxRow>();
        }

        var limits = new PgReadLimits(options.WindowRows, options.WindowBytes, maxPartBytes);
        if (Book.UnderWay == 0 && held.IsDue)
        {
            var free = await held.ReadAsync(waitingTopics, limits, lanes);
            if (free.Count > 0)
            {
                return free;
            }
        }

        return await ReadLogAsync(limits);
    }

    /// <summary>Takes note of what a window came to.</summary>
    public async Task<StoreAnswer<bool>> SettleAsync(Settlement settlement)
    {
        var done = settlement.Done as long[] ?? [.. settlement.Done];
        Book.Settle(done);
        held.Settle(settlement);
        Book.Settle(settlement.Held.Select(row => row.Id).ToArray());
        unwrittenSince ??= time.GetTimestamp();
        if (held.HasNews)
        {
            await WriteAsync(all: false);
        }
        else
        {
            await WriteIfDueAsync();
        }

        return false;
    }

    /// <summary>Waits until there may be something new.</summary>
    public async Task WaitForNewsAsync(TimeSpan atMost, CancellationToken stop)
    {
        await WriteIfDueAsync();
        var untilWrite = unwrittenSince is { } since ? PgLimits.CheckpointEvery - time.GetElapsedTime(since) : atMost;
        await pace.WaitAsync(untilWrite < atMost ? untilWrite : atMost, stop);
    }

    /// <summary>Writes what is settled, gives back the lanes, and leaves.</summary>
    public async Task LeaveAsync()
    {
        Book.Rewind();
        Book.DrainAll();
        await WriteAsync(all: true);
        await lanes.LeaveAsync();
    }

    private async Task<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadLogAsync(PgReadLimits limits)
    {
        for (var reads = 0; reads < PgLimits.EmptyReads; reads++)
        {
            if (Book.NextRead() is not { } plan)
            {
                break;
            }

            var poll = await rows.PollAsync(plan, limits, held.MayBe, lanes.Epochs);
            held.MayBe = poll.AnyHeld;
            pace.Saw(poll);
            Book.Note(poll.LastId, poll.NextXid);
            if (!Book.TryTake(plan, poll.Snapshot, poll.LaneRows, poll.IsComplete, out var chunk))
            {
                return new StoreProblem(
                    StoreFault.Alarm,
                    $"{session.Address.Shown} went back in time: its snapshot {poll.Snapshot} does not see {plan.Done}");
            }

            if (poll.HeldAlready.Count > 0)
            {
                Book.Settle(poll.HeldAlready.ToArray());
            }

            if (chunk is not null)
            {
                return Unsettled(poll.Rows, chunk);
            }

            if (!Book.HasMore)
            {
                break;
            }
        }

        return Array.Empty<OutboxRow>();
    }

    private static List<OutboxRow> Unsettled(List<OutboxRow> found, Chunk chunk)
    {
        if (chunk.Prefix == 0 && !Enumerable.Range(0, found.Count).Any(chunk.Has))
        {
            return found;
        }

        return [.. found.Where((_, i) => !chunk.Has(i))];
    }

    private Task WriteIfDueAsync()
    {
        var isDue = Book.UnwrittenRows >= PgLimits.CheckpointRows || Book.HasReleasable ||
            (unwrittenSince is { } since && time.GetElapsedTime(since) >= PgLimits.CheckpointEvery);
        return isDue ? WriteAsync(all: false) : Task.CompletedTask;
    }

    private async Task WriteAsync(bool all)
    {
        var checkpoint = Book.TakeCheckpoint(all);
        var progress = held.Take(checkpoint);
        if (checkpoint is null && progress.Held.Count == 0 && progress.Sent.Count == 0)
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
