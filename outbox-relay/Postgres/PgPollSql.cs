using NpgsqlTypes;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>The statements of one poll, in the variants that are needed; each variant has one text and one plan.</summary>
/// <param name="Resumes">The window is open already: rows must be visible in it, and not only now.</param>
/// <param name="Early">There are transactions that were running when the last window was closed.</param>
/// <param name="Marks">Something is held: each row says whether it is behind a held one.</param>
internal readonly record struct PgPollVariant(bool Resumes, bool Early, bool Marks)
{
    /// <summary>
    /// Where the sequence stands and which transaction is next, read before the rows' snapshot is taken
    /// (<see cref="FloorTrack"/> says why); whether anything is held; until when writers notify.
    /// </summary>
    /// <remarks>
    /// Not <c>SELECT last_value FROM outbox.log_id</c>: while nextval writes ahead into the write-ahead log, every 32nd time,
    /// the sequence's page holds a value that is up to 32 too high, and a query looks at the page without its lock
    /// (nextval_internal in sequence.c). The function takes the lock. A floor that is too high loses rows.
    /// </remarks>
    public const string Position =
        """
        SELECT coalesce(s.last_id, 0), pg_snapshot_xmax(pg_current_snapshot()), age('3'::xid),
               EXISTS (SELECT FROM outbox.held), b.last_value
          FROM pg_sequence_last_value('outbox.log_id') s(last_id), outbox.bell b
        """;

    /// <summary>Types of the parameters of <see cref="Rows"/>.</summary>
    public static readonly NpgsqlDbType[] Types =
    [
        NpgsqlDbType.Bigint,                        // $1 rows above this id (the floor, or what was read of the window)
        NpgsqlDbType.Xid8,                          // $2 xmax of done
        NpgsqlDbType.Bytea,                         // $3 lanes, one bit each
        NpgsqlDbType.Bigint,                        // $4 rows at most
        NpgsqlDbType.Integer,                       // $5 larger rows are measured, not read
        NpgsqlDbType.Array | NpgsqlDbType.Xid8,     // $6 transactions that done saw running
        NpgsqlDbType.Bigint,                        // $7 of those, rows above this id
        NpgsqlDbType.Text,                          // $8 the window
        NpgsqlDbType.Boolean,                       // $9 a refused row holds back its key
    ];

    private const string Visible = " AND pg_visible_in_snapshot(l.xid, (SELECT $8::text::pg_snapshot))";

    /// <summary>The name under which it is prepared.</summary>
    public string Name => $"poll {(Resumes ? "r" : "")}{(Early ? "e" : "")}{(Marks ? "m" : "")}";

    /// <summary>
    /// First a row that carries the snapshot which the statement itself reads in, as its topic; then the rows by id. The
    /// parts of UNION ALL come one after the other, and whoever reads them checks that the ids ascend.
    /// </summary>
    public string Rows =>
        $"""
        SELECT 0::bigint, 0::smallint, 0::smallint, NULL::timestamptz, pg_current_snapshot()::text,
               NULL::bytea, NULL::bytea, NULL::bytea, 0::bigint, 0
        UNION ALL
        SELECT * FROM (
          SELECT m.id, m.bucket, m.slot, m.created_at, m.topic,
                 CASE WHEN m.size <= $5 THEN m.key END, CASE WHEN m.size <= $5 THEN m.value END,
                 CASE WHEN m.size <= $5 THEN m.headers END, m.size, {(Marks ? Mark : "0")}
            FROM (
              SELECT l.id, l.bucket, l.slot, l.created_at, l.topic, l.key, l.value,
                     convert_to(l.headers::text, 'UTF8') AS headers,
                     coalesce(octet_length(l.key), 0)::bigint + coalesce(octet_length(l.value), 0)
                       + coalesce(octet_length(l.headers::text), 0) AS size
                FROM ({(Early ? $"({Later}) UNION ALL ({Earlier})" : Later)}) l
               ORDER BY l.id LIMIT $4) m) r
        """;

    // 1: an earlier row of the topic and key is held; 2: the row itself is, by a write that did not cover it yet. Its
    // number alone does not tell: that may have been given out twice.
    private const string Mark =
        """
        CASE WHEN EXISTS (SELECT FROM outbox.held h WHERE h.id = m.id AND h.created_at = m.created_at AND h.topic = m.topic) THEN 2
             WHEN EXISTS (SELECT FROM outbox.held h WHERE h.topic = m.topic AND md5(h.key) = md5(m.key) AND h.key = m.key
                                                      AND h.id < m.id AND ($9 OR h.kind <> 'refused')) THEN 1
             ELSE 0 END
        """;

    private string Later =>
        $"""
        SELECT l.* FROM outbox.log l
         WHERE l.id > $1 AND l.xid >= $2 AND get_bit($3, l.bucket) = 1{(Resumes ? Visible : "")}
         ORDER BY l.id LIMIT $4
        """;

    private string Earlier =>
        $"""
        SELECT o.* FROM unnest($6) x(xid) CROSS JOIN LATERAL (
          SELECT l.* FROM outbox.log l
           WHERE l.xid = x.xid AND l.id > $7 AND get_bit($3, l.bucket) = 1{(Resumes ? Visible : "")}
           ORDER BY l.xid, l.id LIMIT $4) o
         ORDER BY o.id LIMIT $4
        """;
}
