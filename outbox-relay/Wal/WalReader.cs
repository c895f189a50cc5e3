using Npgsql;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Wal;

/// <summary>How the reader of the table stands.</summary>
/// <param name="CaughtUp">It found nothing more at its last look.</param>
/// <param name="Read">All that is visible in it is read and settled; null: something is under way.</param>
/// <param name="Epochs">The epoch of every lane, by bucket; null: not all of them are ours.</param>
/// <param name="MaxPartBytes">A key, value or headers beyond this are measured and left out.</param>
public readonly record struct TableView(bool CaughtUp, Snapshot? Read, IReadOnlyList<long>? Epochs, long MaxPartBytes);

/// <summary>Where the sequence of ids stood, and which transaction was next then: for <see cref="FloorTrack"/>.</summary>
public readonly record struct SequencePosition(long LastId, ulong NextXid);

/// <summary>
/// The way through the log beside the table: makes the slot, follows the stream, gives it up, and begins again. For one
/// thread, which drives it by <see cref="Step"/>.
/// </summary>
public sealed class WalReader(WalOptions options, WalPlace place) : IAsyncDisposable
{
    private const string Marker =
        """
        SELECT coalesce(s.last_id, 0), pg_snapshot_xmax(n.now), age('3'::xid),
               pg_logical_emit_message($1, $2, $3 || ' ' || n.now::text)::text
          FROM pg_sequence_last_value('outbox.log_id') s(last_id), (SELECT pg_current_snapshot() AS now) n
        """;

    private readonly WalSwitch phases = new(options.MaxLag, place.Time);
    private WalAttempt? attempt;
    private WalFeed? feed;
    private WalFeed? left;
    private Task ending = Task.CompletedTask;
    private long markedAt;
    private long lookedAt;

    /// <summary>Where rows come from.</summary>
    public WalPhase Phase => phases.Phase;

    /// <summary>Rows come from the log.</summary>
    public bool IsStreaming => phases.Phase == WalPhase.Streaming;

    /// <summary>Why the last attempt ended; null: there was none that did, or the log is read again.</summary>
    public WalProblem? Problem { get; private set; }

    /// <summary>Bytes of the log that the server keeps for us, when it was last asked; 0 without a slot.</summary>
    public long Lag { get; private set; }

    /// <summary>Called when an attempt ends that was not to end.</summary>
    public Action<WalLoss>? OnLoss { get; init; }

    /// <summary>Rows that were handed on and are not settled, also of a stream that has ended meanwhile.</summary>
    public int UnderWay => (feed ?? left)?.UnderWay ?? 0;

    /// <summary>Some of them are in somebody's hands, and not only to be handed out again.</summary>
    public bool IsHandedOut => (feed ?? left)?.IsHandedOut ?? false;

    /// <summary>The table is read as far as the stream needs it once this is settled: it is time to wait for that.</summary>
    public bool IsReached(Snapshot read) => phases.IsReached(read);

    /// <summary>A marker should be written now.</summary>
    public bool MarkerIsDue => feed is { NeedsMarker: true } from &&
        (from.RowsSinceMarker >= WalOptions.MarkerRows || place.Time.GetElapsedTime(markedAt) >= WalOptions.MarkerInterval);

    /// <summary>Everything that came is settled, and that long no marker was written: rows came no more.</summary>
    public bool RestsFor(TimeSpan atLeast) =>
        feed is { AwaitsMarker: false, UnderWay: 0 } && place.Time.GetElapsedTime(markedAt) >= atLeast;

    /// <summary>Something is settled that only a marker can turn into progress.</summary>
    public bool NeedsMarker => feed is { NeedsMarker: true };

    /// <summary>A marker is on its way through the log.</summary>
    public bool AwaitsMarker => feed is { AwaitsMarker: true };

    /// <summary>The server should be asked now how much it keeps.</summary>
    public bool LookIsDue => attempt is not null && place.Time.GetElapsedTime(lookedAt) >= WalOptions.LookInterval;

    /// <summary>Goes on from one phase to the next where it is time. Does not wait for the server.</summary>
    public void Step(in TableView table)
    {
        if (ending.IsCompleted && UnderWay == 0 && phases.MayBegin(table.CaughtUp && table.Epochs is not null))
        {
            attempt = new WalAttempt(place);
            lookedAt = place.Time.GetTimestamp();
            phases.Begin();
            if (Problem is null)
            {
                place.Log.MakesSlot(attempt.SlotName);
            }
        }

        if (attempt?.Problem is { } problem)
        {
            Lose(problem);
        }
        else if (attempt is not null && table.Epochs is null)
        {
            Lose(new WalProblem(WalLoss.NotAlone, "other relays own a part of the outbox"));
        }
        else if (attempt is not null)
        {
            GoOn(attempt, table);
        }
    }

    /// <summary>The next rows, in the order of their commits.</summary>
    public List<OutboxRow> Take(int maxRows, long maxBytes) => feed?.Take(attempt!.Buffer, maxRows, maxBytes) ?? [];

    /// <summary>What was taken just now is taken again the next time.</summary>
    public void PutBack() => feed?.PutBack();

    /// <summary>Rows that were handed on and are not settled are handed on again.</summary>
    public void Rewind()
    {
        feed?.Rewind();
        left = null;
    }

    /// <summary>Kafka has this row, or it is set aside.</summary>
    public void Settle(long id) => (feed ?? left)?.Settle(id);

    /// <summary>Progress since the last time; null: none.</summary>
    public WalProgress? Advance() => feed?.Advance(attempt!.Buffer);

    /// <summary>Done when something came, or the stream has ended.</summary>
    public Task WhenNews() => attempt?.Buffer.WhenAny() ?? Task.CompletedTask;

    /// <summary>Writes a marker into the log: when it comes back, what is settled by then is progress.</summary>
    /// <param name="connection">To the same database; not in a transaction.</param>
    /// <param name="atOnce">The server brings it to its disk, and so to us, without waiting for others.</param>
    /// <returns>Where the sequence of ids stood.</returns>
    public async Task<SequencePosition> MarkAsync(NpgsqlConnection connection, bool atOnce)
    {
        feed!.MarkerAsked();
        markedAt = place.Time.GetTimestamp();
        await using var command = new NpgsqlCommand(Marker, connection);
        command.Parameters.Add(new() { Value = atOnce });
        command.Parameters.Add(new() { Value = PgOutputDecoder.MarkerPrefix });
        command.Parameters.Add(new() { Value = attempt!.Token });
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return new SequencePosition(row.GetInt64(0), FloorTrack.NextXid(row.GetFieldValue<ulong>(1), row.GetInt32(2)));
    }

    /// <summary>Asks how much the server keeps for the slot, and gives the slot up where that is too much.</summary>
    /// <param name="connection">To the same database.</param>
    public async Task LookAsync(NpgsqlConnection connection)
    {
        lookedAt = place.Time.GetTimestamp();
        await using var command = new NpgsqlCommand(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint FROM pg_replication_slots WHERE slot_name = $1",
            connection);
        command.Parameters.Add(new() { Value = attempt!.SlotName });
        var answer = await command.ExecuteScalarAsync();
        Lag = answer as long? ?? 0;
        if (phases.IsTooFar(Lag))
        {
            Lose(new WalProblem(
                WalLoss.TooFarBehind, $"the server keeps {Lag} bytes of its log for the slot, more than {options.MaxLag}"));
        }
        else if (answer is null && phases.Phase is WalPhase.CatchingUp or WalPhase.Streaming)
        {
            Lose(new WalProblem(WalLoss.Broken, "the slot is gone"));
        }
    }

    /// <summary>Gives the slot up; done when the connection is closed. It may be driven on afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        End();
        await ending;
    }

    private void GoOn(WalAttempt now, in TableView table)
    {
        if (phases.Phase == WalPhase.SlotBeingMade && now.Made is { IsCompletedSuccessfully: true, Result.Beginning: { } beginning })
        {
            phases.Made(beginning);
        }

        if (table is { Read: { } read, Epochs: { } epochs } && phases.TryStream(read))
        {
            (feed, left) = (new WalFeed(read), null);
            now.Run(new PgOutputDecoder(now.Token, table.MaxPartBytes, epochs));
            Problem = null;
            place.Log.Streams(now.SlotName);
        }
    }

    private void Lose(WalProblem problem)
    {
        if (Problem != problem)
        {
            place.Log.FallsBack(problem.Text);
        }

        Problem = problem;
        OnLoss?.Invoke(problem.Loss);
        End();
    }

    private void End()
    {
        if (attempt is { } old)
        {
            (attempt, feed, left, Lag) = (null, null, feed, 0);
            phases.Lost();
            ending = old.DisposeAsync().AsTask();
        }
    }
}
