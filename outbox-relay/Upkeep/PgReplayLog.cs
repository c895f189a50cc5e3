using Npgsql;
using NpgsqlTypes;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;

namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>
/// Reads settled rows that are still in the log. Rows that wait, or are out of the line, are not among them: the relay has
/// them yet to send.
/// </summary>
public sealed class PgReplayLog(PgAddress address)
{
    /// <summary>Rows that are read and sent together.</summary>
    public const int ChunkRows = 500;

    /// <summary>The longest that one statement may take: counting a range of gigabytes.</summary>
    public static readonly TimeSpan StatementTimeout = TimeSpan.FromMinutes(5);

    private const string Settled =
        """
        (pg_visible_in_snapshot(m.xid, l.done) OR (m.id <= l.win_id AND pg_visible_in_snapshot(m.xid, l.win)))
        AND NOT EXISTS (
          SELECT FROM outbox.held h WHERE h.id = m.id AND h.created_at = m.created_at AND h.topic = m.topic)
        """;

    private const string Meant =
        $"""
        m.id >= coalesce($1, m.id) AND m.id <= coalesce($2, m.id)
        AND ($3::timestamptz IS NULL OR m.created_at >= $3) AND ($4::timestamptz IS NULL OR m.created_at <= $4)
        AND ($5::text IS NULL OR m.topic = $5) AND ($6::bytea IS NULL OR m.key = $6) AND {Settled}
        """;

    private readonly PgDesk desk = new(address);

    /// <summary>What the log has of the range.</summary>
    public Task<StoreAnswer<ReplayFound>> FindAsync(ReplayRange range) => desk.AskAsync<ReplayFound>(
        async connection => (await PgDesk.ReadAsync(
            connection,
            $"""
            SELECT (SELECT uuid::text FROM outbox.config), r.first, r.last, r.rows, o.id, o.created_at,
                   coalesce(pg_sequence_last_value('outbox.log_id'), 0), (SELECT sum(emptied)::bigint FROM outbox.slot)
              FROM (SELECT min(m.id) AS first, max(m.id) AS last, count(*) AS rows
                      FROM outbox.log m JOIN outbox.lane l USING (bucket) WHERE {Meant}) r
              LEFT JOIN LATERAL (SELECT m.id, m.created_at FROM outbox.log m JOIN outbox.lane l USING (bucket)
                                  WHERE {Settled} ORDER BY m.id LIMIT 1) o ON true
            """,
            r => new ReplayFound(r.GetString(0), Number(r, 1), Number(r, 2), r.GetInt64(3), Number(r, 4))
            {
                OldestAt = r.IsDBNull(5) ? null : r.GetDateTime(5),
                Highest = r.GetInt64(6),
                Emptied = r.GetInt64(7),
            },
            Parameters(range)))[0],
        StatementTimeout);

    /// <summary>The next rows of the range after an id; none: it is at its end.</summary>
    public Task<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadAsync(ReplayRange range, long after, int rows) =>
        desk.AskAsync<IReadOnlyList<OutboxRow>>(
            async connection => await PgDesk.ReadAsync(
                connection,
                $"""
                SELECT m.id, m.bucket::integer, l.epoch, m.topic, m.key, m.value, convert_to(m.headers::text, 'UTF8'),
                       (extract(epoch FROM m.created_at) * 1000)::bigint
                  FROM outbox.log m JOIN outbox.lane l USING (bucket)
                 WHERE {Meant} AND m.id > $7 ORDER BY m.id LIMIT $8
                """,
                Row,
                [.. Parameters(range), new NpgsqlParameter<long> { TypedValue = after },
                    new NpgsqlParameter<int> { TypedValue = rows }]),
            StatementTimeout);

    private static OutboxRow Row(NpgsqlDataReader reader)
    {
        var (key, value, headers) = (Bytes(reader, 4), Bytes(reader, 5), Bytes(reader, 6));
        return new OutboxRow
        {
            Id = reader.GetInt64(0),
            Bucket = reader.GetInt32(1),
            Epoch = reader.GetInt64(2),
            Topic = reader.GetString(3),
            Key = key,
            Value = value,
            Headers = headers,
            CreatedMs = reader.GetInt64(7),
            StoredBytes = (key?.Length ?? 0) + (value?.Length ?? 0) + (headers?.Length ?? 0),
        };
    }

    private static NpgsqlParameter[] Parameters(ReplayRange range) =>
    [
        Of(NpgsqlDbType.Bigint, range.From), Of(NpgsqlDbType.Bigint, range.To), Of(NpgsqlDbType.TimestampTz, range.Since),
        Of(NpgsqlDbType.TimestampTz, range.Until), Of(NpgsqlDbType.Text, range.Topic), Of(NpgsqlDbType.Bytea, range.Key),
    ];

    private static NpgsqlParameter Of(NpgsqlDbType type, object? value) =>
        new() { NpgsqlDbType = type, Value = value ?? DBNull.Value };

    private static long? Number(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetInt64(column);

    private static byte[]? Bytes(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);
}
