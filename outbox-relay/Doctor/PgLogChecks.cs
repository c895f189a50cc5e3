using Npgsql;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Doctor;

/// <summary>The log, its lanes, and what keeps it from growing smaller.</summary>
internal static class PgLogChecks
{
    /// <summary>A transaction of this age keeps dead rows and slots.</summary>
    public const string LongTransaction = "1 min";

    /// <summary>Dead rows of the small tables that are as it should be: a vacuum clears them every minute.</summary>
    public const long DeadRows = 20_000;

    public static async Task<IEnumerable<Finding>> LanesAsync(NpgsqlConnection connection)
    {
        var (lanes, buckets, orphans, live) = (await PgDesk.ReadAsync(
            connection,
            """
            SELECT (SELECT count(*) FROM outbox.lane), (SELECT buckets::bigint FROM outbox.config),
                   (SELECT count(*) FROM outbox.lane l
                     WHERE NOT EXISTS (SELECT FROM outbox.relay r WHERE r.id = l.owner AND r.lease_until > clock_timestamp())),
                   (SELECT count(*) FROM outbox.relay r WHERE r.lease_until > clock_timestamp())
            """,
            r => (r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.GetInt64(3))))[0];
        return
        [
            lanes < buckets
                ? Finding.Bad(
                    "lanes", $"{lanes} lanes for {buckets} buckets: rows of the others are never sent",
                    $"INSERT INTO outbox.lane (bucket) SELECT generate_series({lanes}, {buckets - 1}) ON CONFLICT DO NOTHING")
                : Finding.Fine("lanes", $"{lanes}"),
            live == 0 ? Finding.Bad("relays", "none lives", "start `outbox-relay run`")
            : orphans > 0 ? Finding.Warn(
                "relays", $"{live} live; {orphans} lanes are nobody's", "they are claimed within a lease; if not, see the relays' logs")
            : Finding.Fine("relays", $"{live} live, every lane has an owner"),
        ];
    }

    public static async Task<IEnumerable<Finding>> BloatAsync(NpgsqlConnection connection)
    {
        var tables = await PgDesk.ReadAsync(
            connection,
            $"""
            SELECT c.relname::text, pg_total_relation_size(c.oid), coalesce(s.n_dead_tup, 0),
                   coalesce(c.reloptions::text LIKE '%autovacuum_enabled=false%', false)
              FROM pg_class c LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
             WHERE c.oid IN ('outbox.lane'::regclass, 'outbox.ledger'::regclass, 'outbox.relay'::regclass, 'outbox.held'::regclass)
             ORDER BY 1
            """,
            r => (Name: r.GetString(0), Bytes: r.GetInt64(1), Dead: r.GetInt64(2), Off: r.GetBoolean(3)));
        return tables.Select(table =>
            table.Off ? Finding.Bad(
                "dead rows", $"autovacuum is off for outbox.{table.Name}", $"ALTER TABLE outbox.{table.Name} RESET (autovacuum_enabled)")
            : table.Dead > DeadRows ? Finding.Warn(
                "dead rows", $"outbox.{table.Name} has {table.Dead} ({table.Bytes / 1024} KiB)",
                "end what keeps them (see transactions); autovacuum then clears them")
            : Finding.Fine("dead rows", $"outbox.{table.Name}: {table.Dead} ({table.Bytes / 1024} KiB)"));
    }

    public static async Task<IEnumerable<Finding>> SlotsAsync(NpgsqlConnection connection)
    {
        var slots = await PgDesk.ReadAsync(
            connection,
            """
            SELECT 'log_' || s.slot, pg_total_relation_size(t.oid), s.slot = (SELECT last_value FROM outbox.current_slot),
                   pg_relation_filenode(t.oid) = s.filenode,
                   (SELECT string_agg(format('pid %s (%s, %s, since %s): %s', a.pid, a.usename, k.mode,
                                             date_trunc('second', a.xact_start), left(a.query, 80)), '; ')
                      FROM pg_locks k JOIN pg_stat_activity a ON a.pid = k.pid
                     WHERE k.relation = t.oid AND k.granted AND k.pid <> pg_backend_pid()
                       AND k.mode NOT IN ('AccessShareLock') AND a.xact_start < clock_timestamp() - interval '10 s'),
                   (SELECT string_agg(format('pid %s (%s, since %s): %s', a.pid, a.application_name,
                                             date_trunc('second', a.xact_start), left(a.query, 80)), '; ')
                      FROM pg_locks k JOIN pg_stat_activity a ON a.pid = k.pid
                     WHERE k.relation = t.oid AND k.granted AND k.pid <> pg_backend_pid()
                       AND k.mode = 'AccessShareLock' AND a.xact_start < clock_timestamp() - interval '10 s'),
                   (SELECT string_agg(p.gid, ', ') FROM pg_locks k JOIN pg_prepared_xacts p
                        ON k.virtualtransaction = '-1/' || p.transaction
                     WHERE k.relation = t.oid),
                   pg_relation_size(t.oid) > 0
              FROM outbox.slot s CROSS JOIN LATERAL (SELECT ('outbox.log_' || s.slot)::regclass AS oid) t
             ORDER BY s.slot
            """,
            r => new SlotSeen(r.GetString(0), r.GetInt64(1), r.GetBoolean(2), r.GetBoolean(3))
            {
                Writers = r.IsDBNull(4) ? null : r.GetString(4),
                Readers = r.IsDBNull(5) ? null : r.GetString(5),
                Prepared = r.IsDBNull(6) ? null : r.GetString(6),
                HasRows = r.GetBoolean(7),
            });
        return slots.Select(Judge);
    }

    public static async Task<IEnumerable<Finding>> TransactionsAsync(NpgsqlConnection connection)
    {
        var old = await PgDesk.ReadAsync(
            connection,
            $"""
            SELECT format('pid %s (%s, %s) since %s: %s', pid, usename, state, date_trunc('second', xact_start), left(query, 80)),
                   format('end it: SELECT pg_terminate_backend(%s)', pid)
              FROM pg_stat_activity
             WHERE xact_start < clock_timestamp() - interval '{LongTransaction}' AND backend_type = 'client backend'
               AND pid <> pg_backend_pid() AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
            UNION ALL
            SELECT format('prepared transaction %s of %s since %s', gid, owner, date_trunc('second', prepared)),
                   format('COMMIT PREPARED or ROLLBACK PREPARED %L', gid)
              FROM pg_prepared_xacts WHERE prepared < clock_timestamp() - interval '{LongTransaction}'
            """,
            r => Finding.Warn("transactions", $"{r.GetString(0)}; it keeps dead rows, and slots that it wrote to", r.GetString(1)));
        return old.Count == 0 ? [Finding.Fine("transactions", $"none is older than {LongTransaction}")] : old;
    }

    public static async Task<IEnumerable<Finding>> HeldAsync(NpgsqlConnection connection)
    {
        var kinds = await PgDesk.ReadAsync(
            connection,
            $"SELECT kind, count(*) FROM (SELECT kind FROM outbox.held LIMIT {PgBacklogSql.RowsLookedAt}) h GROUP BY kind ORDER BY kind",
            r => (Kind: r.GetString(0), Rows: r.GetInt64(1)));
        var more = kinds.Sum(kind => kind.Rows) < PgBacklogSql.RowsLookedAt ? "" : " or more";
        return kinds.Count == 0
            ? [Finding.Fine("held rows", "none")]
            : kinds.Select(kind => kind.Kind == "waiting"
                ? Finding.Warn("held rows", $"{kind.Rows}{more} wait for their topic or their turn", "see the topics below")
                : Finding.Warn("held rows", $"{kind.Rows}{more} {kind.Kind}", "`outbox-relay parked list`, then retry or drop"));
    }

    public static async Task<IEnumerable<Finding>> AlarmsAsync(NpgsqlConnection connection)
    {
        var open = await PgDesk.ReadAsync(
            connection, $"{PgStatusReader.Alarms} WHERE accepted_at IS NULL ORDER BY id LIMIT 100", PgStatusReader.Alarm);
        return open.Count == 0
            ? [Finding.Fine("alarms", "none is open")]
            : open.Select(alarm => Finding.Bad(
                "alarms", $"{alarm.Id}: {alarm.Kind} {alarm.Subject}: {alarm.Text}",
                $"find out why; then `outbox-relay alarms accept {alarm.Id}`"));
    }

    private static Finding Judge(SlotSeen slot)
    {
        var size = $"{slot.Name}: {slot.Bytes / 1024} KiB";
        return !slot.Known ? Finding.Bad(
                "slots", $"{slot.Name} was truncated or rewritten by hand", "the relay raises an alarm: see `outbox-relay alarms list`")
            : slot.Prepared is { } prepared ? Finding.Warn(
                "slots", $"{size}, held by the prepared transaction {prepared}", "COMMIT PREPARED or ROLLBACK PREPARED it")
            : slot.Writers is { } writers ? Finding.Warn(
                "slots", $"{size}, held by a transaction that wrote to it: {writers}", "let it end; SELECT pg_terminate_backend(PID)")
            : slot.Readers is { } readers ? Finding.Warn(
                "slots", $"{size}, held by a reader (a dump, a report): {readers}", "let it end; it keeps the slot from being emptied")
            : slot.Current ? Finding.Fine("slots", $"{size}, written to now")
            : Finding.Fine("slots", slot.HasRows ? $"{size}, to be emptied once all its rows are settled" : $"{size}, empty");
    }

    private sealed record SlotSeen(string Name, long Bytes, bool Current, bool Known)
    {
        public string? Writers { get; init; }

        public string? Readers { get; init; }

        public string? Prepared { get; init; }

        public bool HasRows { get; init; }
    }
}
