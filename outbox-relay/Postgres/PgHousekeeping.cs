using Microsoft.Extensions.Logging;
using Npgsql;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// Keeps the log small, beside the line and on connections of its own: writers go on to the next slot when theirs is full,
/// also while a proof takes long, and slots whose rows are all settled are emptied (<see cref="PgEmptying"/>). A backlog
/// becomes an alarm. Any relay may do it; the database lets one at a time.
/// </summary>
internal sealed class PgHousekeeping : IDisposable
{
    /// <summary>The pause between two rounds while rows are written or settled, or a slot is to be emptied.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The pause between two rounds otherwise; while ids wait, it is <see cref="PgLimits.WriteAllEvery"/>.</summary>
    public static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(30);

    /// <summary>The longest that one statement may take, but for a proof.</summary>
    public static readonly TimeSpan StatementTimeout = TimeSpan.FromMinutes(1);

    // settled: what publish() compares with max_backlog_rows. A lane of which nothing is written keeps its old floor for a
    // while, so the backlog is never taken for smaller than it is.
    private const string Round =
        """
        SELECT outbox.rotate(), CASE WHEN l.floor = s.last_value THEN l.floor ELSE setval('outbox.settled', l.floor) END,
               coalesce(pg_sequence_last_value('outbox.log_id'), 0), c.max_backlog_rows,
               pg_stat_get_dead_tuples('outbox.lane'::regclass)
          FROM outbox.config c, outbox.settled s, (SELECT min(floor) AS floor FROM outbox.lane) l
        """;

    private const string Full =
        """
        SELECT s.slot FROM outbox.slot s, outbox.current_slot c
         WHERE (pg_relation_filenode(format('outbox.log_%s', s.slot)::regclass) <> s.filenode AND NOT s.accepted)
            OR (s.slot <> c.last_value
                AND (pg_relation_size(format('outbox.log_%s', s.slot)::regclass) > 0 OR s.accepted))
         ORDER BY (s.slot - c.last_value + 4) % 4
        """;

    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly NpgsqlDataSource source;
    private readonly PgEmptying emptying;
    private readonly PgTrouble trouble;
    private readonly CancellationTokenSource end = new();
    private Task round = Task.CompletedTask;
    private Task emptied = Task.CompletedTask;
    private long? begunAt;
    private long seenActivity = -1;
    private volatile bool pending;

    /// <param name="address">Where the outbox is.</param>
    /// <param name="time">For the pauses.</param>
    /// <param name="log">Told what a person should know.</param>
    /// <param name="firstProof">How long a proof may take at first; null: as long as usual.</param>
    public PgHousekeeping(PgAddress address, TimeProvider time, ILogger log, TimeSpan? firstProof = null)
    {
        (this.time, this.log) = (time, log);
        source = PgSource.Create(address, StatementTimeout);
        emptying = new PgEmptying(source, address, log, firstProof ?? PgEmptying.FirstProof);
        trouble = new PgTrouble(address, log);
    }

    /// <summary>Something was found that a person must look at; null: nothing.</summary>
    public string? Alarm => emptying.Alarm;

    /// <summary>Dead rows among the lanes', as the server's statistics had it at the last round.</summary>
    public long DeadLaneRows { get; private set; }

    /// <summary>At the last round ids stood above what was settled: rows wait, or what had taken the ids was rolled back.</summary>
    public bool IdsWait { get; private set; }

    /// <summary>Begins a round if it is time and the last one is over. Does not wait for it.</summary>
    /// <param name="activity">Grows while rows are written or settled.</param>
    public void Tick(long activity)
    {
        var pause = pending || activity != seenActivity ? Interval : IdsWait ? PgLimits.WriteAllEvery : IdleInterval;
        if (round.IsCompleted && (begunAt is not { } at || time.GetElapsedTime(at) >= pause))
        {
            (begunAt, seenActivity) = (time.GetTimestamp(), activity);
            round = RoundAsync();
        }
    }

    /// <summary>Cuts the round and a proof short.</summary>
    public void Dispose()
    {
        _ = EndAsync();
        source.Dispose();
    }

    // Not waited for: the server is told on yet another connection, and need not answer.
    private async Task EndAsync()
    {
        await end.CancelAsync();
        end.Dispose();
    }

    private async Task RoundAsync()
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync();
            await RotateAsync(connection);
            var full = await FullAsync(connection);
            pending = full.Count > 0;
            if (full.Count > 0 && emptied.IsCompleted && !end.IsCancellationRequested)
            {
                emptied = emptying.RunAsync(full, end.Token);
            }

            trouble.Over();
        }
        catch (Exception e) when (PgFaults.IsOne(e) || e is ObjectDisposedException)
        {
            trouble.Tell(e);
        }
    }

    private async Task RotateAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Round, connection);
        long settled, lastId;
        long? limit;
        await using (var row = await command.ExecuteReaderAsync())
        {
            await row.ReadAsync();
            (settled, lastId) = (row.GetInt64(1), row.GetInt64(2));
            limit = await row.IsDBNullAsync(3) ? null : row.GetInt64(3);
            DeadLaneRows = row.GetInt64(4);
            IdsWait = settled < lastId;
        }

        if (limit is { } most && lastId - settled > most)
        {
            await PgAlarms.RaiseAsync(connection, log, PgAlarms.Backlog, "outbox", $"more than {most} rows wait for Kafka");
        }
        else
        {
            command.CommandText =
                "UPDATE outbox.alarm SET accepted_at = clock_timestamp(), accepted_by = 'it is over' " +
                $"WHERE kind = '{PgAlarms.Backlog}' AND accepted_at IS NULL";
            await command.ExecuteNonQueryAsync();
        }
    }

    private static async Task<List<short>> FullAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Full, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var slots = new List<short>();
        while (await reader.ReadAsync())
        {
            slots.Add(reader.GetInt16(0));
        }

        return slots;
    }
}
