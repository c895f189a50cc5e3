namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>Which rows of the log are pending, found without reading those that are long settled.</summary>
internal static class PgBacklogSql
{
    /// <summary>Rows that are looked at one by one; what lies beyond is estimated from the ids.</summary>
    public const int RowsLookedAt = 50_000;

    /// <summary>How many rows are held, counted to <see cref="RowsLookedAt"/> at most: of a missing topic there may be millions.</summary>
    public static readonly string Held = $"SELECT count(*) FROM (SELECT FROM outbox.held LIMIT {RowsLookedAt}) h";

    /// <summary>
    /// Common table expressions: <c>scan</c>, rows that may be pending, and <c>pending</c>, those that are. A row is not
    /// pending once its lane has it in what is done, or once it is set aside.
    /// </summary>
    public static readonly string With =
        $"""
        WITH edge AS MATERIALIZED (SELECT min(floor) AS floor FROM outbox.lane),
        scan AS MATERIALIZED (
          (SELECT m.id, m.topic, m.created_at, m.xid, m.bucket FROM outbox.log m
            WHERE m.id > (SELECT floor FROM edge) ORDER BY m.id LIMIT {RowsLookedAt})
          UNION ALL
          (SELECT m.id, m.topic, m.created_at, m.xid, m.bucket FROM outbox.log m
            WHERE m.xid = ANY (ARRAY(SELECT DISTINCT x FROM outbox.lane l, pg_snapshot_xip(l.done) x))
              AND m.id <= (SELECT floor FROM edge) LIMIT {RowsLookedAt})),
        pending AS MATERIALIZED (
          SELECT s.* FROM scan s JOIN outbox.lane l USING (bucket)
           WHERE NOT pg_visible_in_snapshot(s.xid, l.done)
             AND NOT coalesce(s.id <= l.win_id AND pg_visible_in_snapshot(s.xid, l.win), false)
             AND NOT EXISTS (
               SELECT FROM outbox.held h WHERE h.id = s.id AND h.created_at = s.created_at AND h.topic = s.topic))
        """;

    /// <summary>Pending rows; an upper estimate where there are more than were looked at. Then when the oldest was created.</summary>
    public static readonly string Sums =
        $"""
        {With}
        SELECT (SELECT count(*) FROM pending)
                 + CASE WHEN (SELECT count(*) FROM scan) >= {RowsLookedAt}
                        THEN greatest(0, pg_sequence_last_value('outbox.log_id') - (SELECT max(id) FROM scan)) ELSE 0 END,
               (SELECT min(created_at) FROM pending),
               (SELECT count(*) FROM scan) >= {RowsLookedAt}
        """;
}
