using Npgsql;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;

namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>Pending rows of a topic.</summary>
public sealed record PgTopicStatus(string Topic, long Pending, DateTime Oldest);

/// <summary>Rows that are out of the line for one topic and key.</summary>
public sealed record PgHeldStatus(string Topic, byte[]? Key, string Kind, long Rows, string Reason)
{
    /// <summary>The first of them.</summary>
    public required long FirstId { get; init; }
}

/// <summary>A relay that has entered itself.</summary>
public sealed record PgRelayStatus(string Id, string Name, long Lanes, DateTime LeaseUntil, bool Expired);

/// <summary>A slot of the log.</summary>
public sealed record PgSlotStatus(int Slot, long Bytes, bool Current, long Emptied, DateTime? EmptiedAt);

/// <summary>A replication slot of this database that decodes the outbox.</summary>
public sealed record PgReplicationStatus(string Name, bool Active, long RetainedBytes);

/// <summary>Something that a relay found.</summary>
public sealed record PgAlarmRow(long Id, string Kind, string Subject, string Text, DateTime RaisedAt)
{
    /// <summary>When a person accepted it; null: it is open.</summary>
    public DateTime? AcceptedAt { get; init; }

    /// <summary>Who did.</summary>
    public string? AcceptedBy { get; init; }
}

/// <summary>How an outbox in PostgreSQL stands.</summary>
public sealed record PgOutboxStatus(string Outbox, long Pending, bool IsEstimate, DateTime? Oldest)
{
    public required IReadOnlyList<PgTopicStatus> Topics { get; init; }

    public required IReadOnlyList<PgHeldStatus> Held { get; init; }

    /// <summary>Rows that are out of the line, counted up to <see cref="PgBacklogSql.RowsLookedAt"/>.</summary>
    public required long HeldRows { get; init; }

    /// <summary>There are more, and <see cref="Held"/> tells of the first of them.</summary>
    public bool HeldAreMore => HeldRows >= PgBacklogSql.RowsLookedAt;

    public required IReadOnlyList<PgRelayStatus> Relays { get; init; }

    public required long Lanes { get; init; }

    /// <summary>Lanes that no live relay owns.</summary>
    public required long Orphans { get; init; }

    public required IReadOnlyList<PgSlotStatus> Slots { get; init; }

    public required IReadOnlyList<PgReplicationStatus> Replication { get; init; }

    public required IReadOnlyList<PgAlarmRow> Alarms { get; init; }
}

/// <summary>Reads how an outbox stands, beside running relays and without Kafka.</summary>
public static class PgStatusReader
{
    /// <summary>Held keys and topics that are listed one by one.</summary>
    public const int MostListed = 100;

    private const string Topics = "SELECT topic, count(*), min(created_at) FROM pending GROUP BY topic ORDER BY 2 DESC, topic LIMIT 100";

    private static readonly string Held =
        $"""
        SELECT topic, substr(key, 1, 1024), (array_agg(kind ORDER BY id))[1], count(*), (array_agg(reason ORDER BY id))[1], min(id)
          FROM (SELECT id, topic, key, kind, reason FROM outbox.held ORDER BY id LIMIT {PgBacklogSql.RowsLookedAt}) h
         GROUP BY topic, key, CASE WHEN key IS NULL THEN id END ORDER BY min(id) LIMIT 100
        """;

    private const string Relays =
        """
        SELECT r.id::text, r.name, (SELECT count(*) FROM outbox.lane l WHERE l.owner = r.id), r.lease_until,
               r.lease_until < clock_timestamp()
          FROM outbox.relay r ORDER BY r.name, r.id
        """;

    private const string Slots =
        """
        SELECT s.slot::integer, pg_total_relation_size(('outbox.log_' || s.slot)::regclass),
               s.slot = (SELECT last_value FROM outbox.current_slot), s.emptied, s.emptied_at
          FROM outbox.slot s ORDER BY s.slot
        """;

    private const string Replication =
        """
        SELECT slot_name::text, active,
               coalesce(pg_wal_lsn_diff(
                 CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, restart_lsn), 0)::bigint
          FROM pg_replication_slots WHERE database = current_database() AND slot_name LIKE 'outbox%' ORDER BY slot_name
        """;

    /// <summary>The open alarms, or all of them; the newest last.</summary>
    public const string Alarms =
        "SELECT id, kind, subject, text, raised_at, accepted_at, accepted_by FROM outbox.alarm";

    private static readonly string Counts =
        $"""
        SELECT (SELECT uuid::text FROM outbox.config), ({PgBacklogSql.Held}), (SELECT count(*) FROM outbox.lane),
               (SELECT count(*) FROM outbox.lane l
                 WHERE NOT EXISTS (SELECT FROM outbox.relay r WHERE r.id = l.owner AND r.lease_until > clock_timestamp()))
        """;

    /// <summary>The status, or what is missing.</summary>
    public static Task<StoreAnswer<PgOutboxStatus>> ReadAsync(PgAddress address) =>
        new PgDesk(address).AskAsync<PgOutboxStatus>(async connection =>
        {
            var sums = (await Read(connection, PgBacklogSql.Sums, r => (r.GetInt64(0), Time(r, 1), r.GetBoolean(2))))[0];
            var counts = (await Read(connection, Counts, r => (r.GetString(0), r.GetInt64(1), r.GetInt64(2), r.GetInt64(3))))[0];
            return new PgOutboxStatus(counts.Item1, sums.Item1, sums.Item3, sums.Item2)
            {
                Topics = await Read(
                    connection, $"{PgBacklogSql.With} {Topics}",
                    r => new PgTopicStatus(r.GetString(0), r.GetInt64(1), r.GetDateTime(2))),
                Held = await Read(
                    connection, Held, r => new PgHeldStatus(
                        r.GetString(0), r.IsDBNull(1) ? null : r.GetFieldValue<byte[]>(1), r.GetString(2), r.GetInt64(3),
                        r.GetString(4))
                    {
                        FirstId = r.GetInt64(5),
                    }),
                HeldRows = counts.Item2,
                Relays = await Read(
                    connection, Relays,
                    r => new PgRelayStatus(r.GetString(0), r.GetString(1), r.GetInt64(2), r.GetDateTime(3), r.GetBoolean(4))),
                Lanes = counts.Item3,
                Orphans = counts.Item4,
                Slots = await Read(
                    connection, Slots,
                    r => new PgSlotStatus(r.GetInt32(0), r.GetInt64(1), r.GetBoolean(2), r.GetInt64(3), Time(r, 4))),
                Replication = await Read(
                    connection, Replication, r => new PgReplicationStatus(r.GetString(0), r.GetBoolean(1), r.GetInt64(2))),
                Alarms = await Read(connection, $"{Alarms} WHERE accepted_at IS NULL ORDER BY id LIMIT 100", Alarm),
            };
        });

    internal static PgAlarmRow Alarm(NpgsqlDataReader reader) => new(
        reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetDateTime(4))
    {
        AcceptedAt = Time(reader, 5),
        AcceptedBy = reader.IsDBNull(6) ? null : reader.GetString(6),
    };

    private static Task<List<T>> Read<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> row) =>
        PgDesk.ReadAsync(connection, sql, row);

    private static DateTime? Time(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetDateTime(column);
}
