using System.Data;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// Keeps the log small, beside the line and on a connection of its own, since a proof reads a whole slot: writers go on to
/// the next slot when theirs is full, and a slot whose rows are all settled is emptied, with proof. What does not agree
/// becomes an alarm. Any relay may do it; the database lets one at a time.
/// </summary>
internal sealed class PgHousekeeping(PgAddress address, TimeProvider time, ILogger log) : IDisposable
{
    /// <summary>The pause between two rounds while rows are written or wait, or a slot is to be emptied.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The pause between two rounds otherwise.</summary>
    public static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(30);

    /// <summary>The longest that one statement may take: the proof of a slot that has grown to gigabytes.</summary>
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

    private readonly NpgsqlDataSource source = PgSource.Create(address, StatementTimeout);
    private Task round = Task.CompletedTask;
    private long? begunAt;
    private long seenActivity = -1;
    private volatile bool pending;
    private string? lastTrouble;

    /// <summary>Something was found that a person must look at; null: nothing.</summary>
    public string? Alarm { get; private set; }

    /// <summary>Dead rows among the lanes', as the server's statistics had it at the last round.</summary>
    public long DeadLaneRows { get; private set; }

    /// <summary>Begins a round if it is time and the last one is over. Does not wait for it.</summary>
    /// <param name="activity">Grows while rows are written or settled.</param>
    public void Tick(long activity)
    {
        var pause = pending || activity != seenActivity ? Interval : IdleInterval;
        if (round.IsCompleted && (begunAt is not { } at || time.GetElapsedTime(at) >= pause))
        {
            (begunAt, seenActivity) = (time.GetTimestamp(), activity);
            round = RoundAsync();
        }
    }

    /// <summary>Cuts the round short.</summary>
    public void Dispose() => source.Dispose();

    private async Task RoundAsync()
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync();
            var waits = await RotateAsync(connection);
            var full = await FullAsync(connection);
            pending = waits || full.Count > 0;
            foreach (var slot in full)
            {
                await EmptyAsync(connection, slot);
            }

            lastTrouble = null;
        }
        catch (Exception e) when (PgFaults.IsOne(e) || e is ObjectDisposedException)
        {
            // Not the line's matter: it has its own connection, and tells what is wrong with the database.
            var trouble = PgFaults.Explain(e, address.Shown).Text;
            if (trouble != lastTrouble)
            {
                lastTrouble = trouble;
                log.HousekeepingFailed(trouble);
            }
        }
    }

    // True: rows may wait, so that the next round is soon.
    private async Task<bool> RotateAsync(NpgsqlConnection connection)
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
        }

        if (limit is { } most && lastId - settled > most)
        {
            await RaiseAsync(connection, PgAlarms.Backlog, "outbox", $"more than {most} rows wait for Kafka");
        }
        else
        {
            command.CommandText =
                "UPDATE outbox.alarm SET accepted_at = clock_timestamp(), accepted_by = 'it is over' " +
                $"WHERE kind = '{PgAlarms.Backlog}' AND accepted_at IS NULL";
            await command.ExecuteNonQueryAsync();
        }

        return settled < lastId;
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

    private async Task EmptyAsync(NpgsqlConnection connection, short slot)
    {
        // The proof is made under a lock, of what is there by then. The snapshot of a stricter isolation is from before the
        // lock: a row that was committed in between would leave unseen. A pooler may have dropped the session's setting.
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted);
        await using var command = new NpgsqlCommand("SELECT state, detail FROM outbox.empty_slot($1)", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = slot });
        string state, detail;
        await using (var row = await command.ExecuteReaderAsync())
        {
            await row.ReadAsync();
            (state, detail) = (row.GetString(0), await row.IsDBNullAsync(1) ? "" : row.GetString(1));
        }

        await transaction.CommitAsync();
        if (state == "altered")
        {
            await RaiseAsync(connection, PgAlarms.Slot, $"log_{slot}", detail);
            Alarm = detail;
        }
        else if (state == "emptied")
        {
            log.SlotEmptied(slot, detail);
        }
    }

    private async Task RaiseAsync(NpgsqlConnection connection, string kind, string subject, string text)
    {
        if (await PgAlarms.RaiseAsync(connection, kind, subject, text))
        {
            log.AlarmRaised(kind, subject, text);
        }
    }
}
