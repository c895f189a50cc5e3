using Microsoft.Extensions.Logging;
using NpgsqlTypes;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;
using Sidecar.OutboxRelay.Wal;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// The way through the log beside the table, for one entry of the relay: drives the reader of the log on the store's
/// connection, and turns what it settles into progress of the lanes.
/// </summary>
internal sealed class PgWal : IAsyncDisposable
{
    private const string Behind =
        """
        SELECT n.i FROM unnest($1::bigint[], $2::text[], $3::bytea[]) WITH ORDINALITY AS n(id, topic, key, i)
         WHERE EXISTS (SELECT FROM outbox.held h WHERE h.topic = n.topic AND md5(h.key) = md5(n.key) AND h.key = n.key
                                                   AND h.id < n.id AND ($4 OR h.kind <> 'refused'))
        """;

    private const string Visible = "SELECT count(DISTINCT id) FROM outbox.log WHERE id = ANY ($1)";

    private static readonly NpgsqlDbType[] BehindTypes =
    [
        NpgsqlDbType.Array | NpgsqlDbType.Bigint, NpgsqlDbType.Array | NpgsqlDbType.Text, NpgsqlDbType.Array | NpgsqlDbType.Bytea,
        NpgsqlDbType.Boolean,
    ];

    private static readonly TimeSpan LastMarkerWait = TimeSpan.FromSeconds(1);

    private readonly PgSession session;
    private readonly PgLanes lanes;
    private readonly RelayTelemetry telemetry;
    private readonly WalReader reader;
    private long? lastId;

    public PgWal(PgSession session, PgLanes lanes, StoreOptions options, RelayTelemetry telemetry)
    {
        (this.session, this.lanes, this.telemetry) = (session, lanes, telemetry);
        var place = new WalPlace(
            session.ReplicationAddress, session.Source, telemetry.Time, telemetry.Logs.CreateLogger<WalReader>());
        reader = new WalReader(new WalOptions { MaxLag = options.WalMaxLag }, place)
        {
            OnLoss = loss => telemetry.Metrics.WalFallbacks.WithLabels(NameOf(loss)).Inc(),
        };
    }

    /// <summary>Rows come from the log.</summary>
    public bool IsStreaming => reader.IsStreaming;

    /// <summary>Rows from the log that were handed out and are not settled.</summary>
    public int UnderWay => reader.UnderWay;

    /// <summary>Some of them are in the line's hands, and not only to be handed out again.</summary>
    public bool IsHandedOut => reader.IsHandedOut;

    /// <summary>Nothing is to be read from the table now: what was read is to be settled first.</summary>
    public bool HoldsTable => !IsStreaming && (UnderWay > 0 ||
        (lanes.Book is { UnderWay: > 0, AllRead: { } read } && reader.IsReached(read)));

    /// <summary>Goes on: looks after the slot, and from one phase to the next.</summary>
    /// <param name="caughtUp">The table was read to its end.</param>
    /// <param name="maxPartBytes">A larger key, value or headers are left out.</param>
    public async Task StepAsync(bool caughtUp, long maxPartBytes)
    {
        await LookAsync();
        var book = lanes.Book;
        var alone = book.Count == session.Buckets && book.Lanes.All(lane => !lane.Draining);
        reader.Step(new TableView(
            caughtUp, book.UnderWay == 0 ? book.AllRead : null, alone ? lanes.Epochs : null, maxPartBytes));
        telemetry.Metrics.WalStreaming.Set(IsStreaming ? 1 : 0);
        telemetry.Metrics.WalLag.Set(reader.Lag);
    }

    /// <summary>
    /// Asks how much the server keeps for the slot, and gives it up where that is too much. Also while nothing is read.
    /// </summary>
    public async Task LookAsync()
    {
        if (reader.LookIsDue)
        {
            await reader.LookAsync(session.Connection);
        }
    }

    /// <summary>The next rows. What is held behind others says so.</summary>
    public async Task<List<OutboxRow>> ReadAsync(PgReadLimits limits, PgHeldRows held)
    {
        var rows = reader.Take(limits.Rows, limits.Bytes);
        if (rows.Count > 0 && held.MayBe)
        {
            var marked = false;
            try
            {
                await MarkBehindAsync(rows, limits);
                marked = true;
            }
            finally
            {
                if (!marked)
                {
                    // Handed to nobody: what comes after them must not be the next.
                    reader.PutBack();
                }
            }
        }

        return rows;
    }

    /// <summary>Hands out again what is not settled.</summary>
    public void Rewind() => reader.Rewind();

    /// <summary>
    /// All these rows can be seen in the table. A row may come from the log a moment before that, or as long before as a
    /// standby takes to acknowledge it; until then it cannot be set aside.
    /// </summary>
    public async Task<bool> AreVisibleAsync(IReadOnlyList<HeldRow> rows)
    {
        if (UnderWay == 0 || rows.Count == 0)
        {
            return true;
        }

        var batch = await session.PrepareAsync("visible", (Visible, [NpgsqlDbType.Array | NpgsqlDbType.Bigint]));
        batch.BatchCommands[0].Parameters[0].Value = rows.Select(row => row.Id).ToArray();
        return (long)(await batch.ExecuteScalarAsync())! == rows.Count;
    }

    /// <summary>Takes note of what is settled.</summary>
    public void Settle(Settlement settlement)
    {
        foreach (var id in settlement.Done)
        {
            reader.Settle(id);
        }

        foreach (var row in settlement.Held)
        {
            reader.Settle(row.Id);
        }
    }

    /// <summary>Asks for progress where that is due, and takes what came. True: the lanes moved.</summary>
    /// <param name="idsWait">Ids were given out above what is settled. If no row comes of them, only a marker settles them.</param>
    /// <exception cref="InvalidOperationException">The lanes had moved without us.</exception>
    public async Task<bool> AdvanceAsync(bool idsWait)
    {
        if (reader.MarkerIsDue || (idsWait && reader.RestsFor(PgLimits.WriteAllEvery)))
        {
            await MarkAsync(atOnce: false);
        }

        if (reader.Advance() is not { } progress)
        {
            return false;
        }

        return lanes.Book.TryAdvance(progress.Done, progress.Rows)
            ? true
            : throw new InvalidOperationException($"the lanes stand beyond the marker {progress.Done}");
    }

    /// <summary>Where the sequence stood at the last marker, once; null: no marker was written since.</summary>
    public long? TakeLastId()
    {
        var taken = lastId;
        lastId = null;
        return taken;
    }

    /// <summary>Waits until something comes, at most so long.</summary>
    public Task WaitAsync(TimeSpan atMost, CancellationToken stop)
    {
        var wait = reader.NeedsMarker && atMost > WalOptions.MarkerInterval ? WalOptions.MarkerInterval : atMost;
        return wait <= TimeSpan.Zero
            ? Task.CompletedTask
            : Quietly(reader.WhenNews().WaitAsync(wait, telemetry.Time, stop));
    }

    /// <summary>Turns what is settled into progress as far as can be, and ends the stream.</summary>
    public async Task LeaveAsync()
    {
        reader.Rewind();
        var began = telemetry.Time.GetTimestamp();
        var asked = false;
        while (IsStreaming && (reader.NeedsMarker || reader.AwaitsMarker) && Left() is var left && left > TimeSpan.Zero)
        {
            if (reader.NeedsMarker && !asked)
            {
                await MarkAsync(atOnce: true);
                asked = true;
            }

            if (!await AdvanceAsync(idsWait: false))
            {
                await WaitAsync(left, CancellationToken.None);
            }

            if (asked && !reader.AwaitsMarker)
            {
                break;
            }
        }

        await DisposeAsync();

        TimeSpan Left() => LastMarkerWait - telemetry.Time.GetElapsedTime(began);
    }

    /// <summary>Ends the stream; done when its connection is closed.</summary>
    public ValueTask DisposeAsync()
    {
        telemetry.Metrics.WalStreaming.Set(0);
        telemetry.Metrics.WalLag.Set(0);
        return reader.DisposeAsync();
    }

    private async Task MarkAsync(bool atOnce)
    {
        var position = await reader.MarkAsync(session.Connection, atOnce);
        lanes.Book.Note(position.LastId, position.NextXid);
        lastId = position.LastId;
    }

    private async Task MarkBehindAsync(List<OutboxRow> rows, PgReadLimits limits)
    {
        var batch = await session.PrepareAsync("behind", (Behind, BehindTypes));
        var parameters = batch.BatchCommands[0].Parameters;
        parameters[0].Value = rows.Select(row => row.Id).ToArray();
        parameters[1].Value = rows.Select(row => row.Topic).ToArray();
        parameters[2].Value = rows.Select(row => row.Key).ToArray();
        parameters[3].Value = limits.HoldsKeys;
        await using var found = await batch.ExecuteReaderAsync();
        while (await found.ReadAsync())
        {
            var index = (int)found.GetInt64(0) - 1;
            rows[index] = rows[index].AsBehindHeld();
        }
    }

    private static async Task Quietly(Task wait) => await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static string NameOf(WalLoss loss) => loss switch
    {
        WalLoss.NotLogical => "wal_level",
        WalLoss.NotAllowed => "not_allowed",
        WalLoss.NoneFree => "none_free",
        WalLoss.TooFarBehind => "too_far_behind",
        WalLoss.Broken => "broken",
        WalLoss.Unreadable => "unreadable",
        WalLoss.NotAlone => "not_alone",
    };
}
