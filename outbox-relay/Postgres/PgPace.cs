using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// How long to wait before the next look. While rows come, a look follows soon after the last one, but where they are
/// many; the longer nothing came, the later it follows. When nothing came for <see cref="QuietFor"/>, writers are asked to
/// notify, and are asked no longer once something comes: a notification in every transaction would cost the writers more
/// than all looks.
/// </summary>
internal sealed class PgPace
{
    /// <summary>The shortest wait.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(2);

    /// <summary>The longest wait while writers are not asked to notify.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(50);

    /// <summary>Silence after which writers are asked to notify.</summary>
    public static readonly TimeSpan QuietFor = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The wait until every transaction is over that may have looked before the writers were asked: at most two looks a
    /// second, as one of them may stay open for hours.
    /// </summary>
    public static readonly TimeSpan WhileUnproven = TimeSpan.FromMilliseconds(500);

    /// <summary>How long writers notify for if nobody asks them again: what a relay that died leaves behind.</summary>
    public const int BellSeconds = 60;

    private const string Ring =
        "SELECT setval('outbox.bell', extract(epoch FROM clock_timestamp())::bigint + $1), " +
        "pg_snapshot_xmax(pg_current_snapshot()), age('3'::xid)";

    private const string Hush = "SELECT setval('outbox.bell', 1)";
    private const int Share = 20;

    private static readonly TimeSpan RingAgain = TimeSpan.FromSeconds(BellSeconds / 2);
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(250);

    private readonly PgSession session;
    private readonly TimeProvider time;
    private readonly RowRate rate;
    private long lastNews;
    private long lastLook;
    private bool cameToTheEnd;
    private long lastId = -1;
    private ulong seenXmin;
    private ulong provenAt;
    private long? rungAt;
    private bool listens;
    private bool notified;

    public PgPace(PgSession session, TimeProvider time)
    {
        (this.session, this.time, rate) = (session, time, new RowRate(time));
        lastNews = lastLook = time.GetTimestamp();
        session.Connection.Notification += (_, _) => notified = true;
    }

    /// <summary>Nothing has come for a while, and every writer that runs knows to notify.</summary>
    public bool IsQuiet => rungAt is not null && seenXmin >= provenAt && time.GetElapsedTime(lastNews) >= QuietFor;

    /// <summary>Rows come in numbers, and the last look came to their end a moment ago.</summary>
    public bool IsTooSoon => cameToTheEnd && rate.AreMany && time.GetElapsedTime(lastLook) < RowRate.Spacing;

    /// <summary>Takes note of what a poll saw.</summary>
    public void Saw(PgPoll poll)
    {
        rate.Add(poll.Rows.Count);
        (lastLook, cameToTheEnd) = (time.GetTimestamp(), poll.IsComplete);
        seenXmin = poll.Snapshot.Xmin;
        if (poll.Rows.Count > 0 || poll.LastId != lastId)
        {
            (lastNews, lastId) = (time.GetTimestamp(), poll.LastId);
        }

        SawBell(poll);
    }

    /// <summary>Takes note of what a look without rows saw.</summary>
    public void SawBell(PgPoll look)
    {
        if (look.Bell == 1)
        {
            rungAt = null;    // another relay has work
        }
    }

    /// <summary>Something has come: writers need not notify.</summary>
    public async Task HushAsync()
    {
        if (rungAt is not null && time.GetElapsedTime(lastNews) < QuietFor)
        {
            rungAt = null;
            await session.ExecuteAsync(Hush);
        }
    }

    /// <summary>Waits until something may have come, at most so long.</summary>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken stop)
    {
        var silence = time.GetElapsedTime(lastNews);
        if (silence < QuietFor)
        {
            var wait = IsTooSoon ? RowRate.Spacing - time.GetElapsedTime(lastLook) : silence / Share;
            await DelayAsync(wait < Shortest ? Shortest : wait > Longest ? Longest : wait, atMost, stop);
        }
        else if (rungAt is not { } at || time.GetElapsedTime(at) > RingAgain)
        {
            await RingAsync();    // and look again at once: what came before it was not told
        }
        else if (seenXmin < provenAt)
        {
            await DelayAsync(WhileUnproven, atMost, stop);
        }
        else
        {
            await ListenAsync(atMost, stop);
        }
    }

    private async Task RingAsync()
    {
        if (!listens)
        {
            await session.ExecuteAsync("LISTEN outbox");
            listens = true;
        }

        notified = false;
        var batch = await session.PrepareAsync("ring", (Ring, [NpgsqlTypes.NpgsqlDbType.Integer]));
        batch.BatchCommands[0].Parameters[0].Value = BellSeconds;
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.ReadAsync();

        // A writer has its transaction's number before it looks whether to notify: once all below this one are over, every
        // writer that runs has seen the bell.
        provenAt = FloorTrack.NextXid(reader.GetFieldValue<ulong>(1), reader.GetInt32(2));
        rungAt = time.GetTimestamp();
    }

    private async Task ListenAsync(TimeSpan atMost, CancellationToken stop)
    {
        var begun = time.GetTimestamp();
        while (!notified && !stop.IsCancellationRequested && atMost - time.GetElapsedTime(begun) is var left && left > TimeSpan.Zero)
        {
            // 0 would be for ever.
            var milliseconds = (int)Math.Ceiling((left < Slice ? left : Slice).TotalMilliseconds);
            await session.Connection.WaitAsync(milliseconds, CancellationToken.None);
        }

        if (notified)
        {
            (notified, lastNews) = (false, time.GetTimestamp());
        }
    }

    private async Task DelayAsync(TimeSpan wait, TimeSpan atMost, CancellationToken stop)
    {
        wait = wait < atMost ? wait : atMost;
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
