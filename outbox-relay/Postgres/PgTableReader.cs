using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>Reads the lanes' rows from the table, window by window, as <see cref="LaneBook"/> plans them.</summary>
internal sealed class PgTableReader(PgSession session, PgLanes lanes, PgPace pace, PgHistory history, PgHeldRows held)
{
    private readonly PgRowReader rows = new(session);

    /// <summary>The last read came to the end of its window, in all lanes alike.</summary>
    public bool IsCaughtUp { get; private set; }

    private LaneBook Book => lanes.Book;

    /// <summary>The next rows.</summary>
    /// <param name="limits">Bounds of one read.</param>
    /// <param name="mayRest">While nothing comes, no window need be closed.</param>
    public async Task<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadAsync(PgReadLimits limits, bool mayRest)
    {
        if ((pace.IsTooSoon && !Book.HasMore) || (mayRest && await IsAtRestAsync()))
        {
            return Array.Empty<OutboxRow>();
        }

        for (var reads = 0; reads < PgLimits.EmptyReads; reads++)
        {
            if (Book.NextRead() is not { } plan)
            {
                break;
            }

            var poll = await rows.PollAsync(plan, limits, held.MayBe, lanes.Epochs);
            held.MayBe = poll.AnyHeld;
            pace.Saw(poll);
            IsCaughtUp = poll.IsComplete && Book.AllRead is not null;
            Book.Note(poll.LastId, poll.NextXid);
            if (await history.StandsAtAsync(poll.LastId, plan.Floor) is { } alarm)
            {
                return alarm;
            }

            if (!Book.TryTake(plan, poll.Snapshot, poll.LaneRows, poll.IsComplete, out var chunk))
            {
                return await history.WentBackAsync($"transactions of {plan.Done} are settled, and it only knows {poll.Snapshot}");
            }

            if (poll.HeldAlready.Count > 0)
            {
                Book.Settle(poll.HeldAlready.ToArray());
            }

            if (chunk is not null)
            {
                history.Read(poll.Rows);
                return Unsettled(poll.Rows, chunk);
            }

            if (!Book.HasMore)
            {
                break;
            }
        }

        return Array.Empty<OutboxRow>();
    }

    // While nothing comes, one short statement is enough: rows are asked for once ids were given out.
    private async Task<bool> IsAtRestAsync()
    {
        if (!pace.IsQuiet || Book.HasMore)
        {
            return false;
        }

        var look = await rows.LookAsync();
        pace.SawBell(look);
        held.MayBe = look.AnyHeld;
        return Book.HasReadUpTo(look.LastId) && look.LastId == history.HighestId;
    }

    private static List<OutboxRow> Unsettled(List<OutboxRow> found, Chunk chunk)
    {
        if (chunk.Prefix == 0 && !Enumerable.Range(0, found.Count).Any(chunk.Has))
        {
            return found;
        }

        return [.. found.Where((_, i) => !chunk.Has(i))];
    }
}
