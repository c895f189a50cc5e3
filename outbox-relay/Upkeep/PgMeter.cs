using Npgsql;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;

namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>
/// Measures an outbox in PostgreSQL for <c>/metrics</c>, beside the relay's loop and on connections of its own: at most
/// once in <see cref="Interval"/>, however many ask, and never for longer than <see cref="StatementTimeout"/> a statement.
/// What cannot be measured now keeps its last value, and <c>outbox_measured_timestamp_seconds</c> tells its age.
/// </summary>
public sealed class PgMeter(StoreOptions options, RelayMetrics metrics, TimeProvider time)
{
    /// <summary>How long a measurement stands.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>The longest that one statement may take.</summary>
    public static readonly TimeSpan StatementTimeout = TimeSpan.FromSeconds(2);

    // Held rows beyond what is counted: as many as the server's statistics know of, which are about a second late.
    private static readonly string Counts =
        $"""
        SELECT (SELECT CASE WHEN h.count < {PgBacklogSql.RowsLookedAt} THEN h.count
                            ELSE greatest(h.count, pg_stat_get_live_tuples('outbox.held'::regclass)) END
                  FROM ({PgBacklogSql.Held}) h),
               (SELECT count(*) FROM outbox.alarm WHERE accepted_at IS NULL),
               (SELECT count(*) FROM outbox.relay r WHERE r.lease_until > clock_timestamp()),
               (SELECT count(*) FROM outbox.lane l JOIN outbox.relay r ON r.id = l.owner WHERE starts_with(r.name, $1)),
               (SELECT count(*) FROM outbox.lane l
                 WHERE NOT EXISTS (SELECT FROM outbox.relay r WHERE r.id = l.owner AND r.lease_until > clock_timestamp())),
               (SELECT coalesce(sum(emptied), 0)::bigint FROM outbox.slot),
               (SELECT coalesce(sum(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::bigint FROM pg_replication_slots
                 WHERE database = current_database() AND slot_name LIKE 'outbox%'),
               (SELECT count(*) FROM pg_replication_slots
                 WHERE database = current_database() AND slot_name LIKE 'outbox%' AND active)
        """;

    private const string Slots =
        "SELECT s.slot::text, pg_total_relation_size(('outbox.log_' || s.slot)::regclass) FROM outbox.slot s ORDER BY 1";

    private readonly PgMetrics gauges = new(metrics.Registry);
    private int measuring;
    private readonly string me = $"{Environment.MachineName}/{Environment.ProcessId}/";
    private long? measuredAt;

    /// <summary>Measures, unless that was done just now, or is being done.</summary>
    public async Task MeasureAsync()
    {
        if ((measuredAt is { } at && time.GetElapsedTime(at) < Interval) || Interlocked.Exchange(ref measuring, 1) == 1)
        {
            return;
        }

        try
        {
            var address = PgAddress.Of(options);
            if (address.Problem is null)
            {
                await new PgDesk(address.Value).AskAsync(MeasureAsync, StatementTimeout);
            }

            measuredAt = time.GetTimestamp();
        }
        finally
        {
            Volatile.Write(ref measuring, 0);
        }
    }

    private async Task<StoreAnswer<bool>> MeasureAsync(NpgsqlConnection connection)
    {
        var sums = (await PgDesk.ReadAsync(
            connection, PgBacklogSql.Sums, r => (r.GetInt64(0), r.IsDBNull(1) ? (DateTime?)null : r.GetDateTime(1))))[0];
        metrics.PendingRecords.Set(sums.Item1);
        metrics.OldestPending.Set(sums.Item2 is { } oldest ? Seconds(oldest) : 0);
        var counts = (await PgDesk.ReadAsync(
            connection, Counts, r => Enumerable.Range(0, 8).Select(r.GetInt64).ToArray(),
            new NpgsqlParameter<string> { TypedValue = me }))[0];
        metrics.HeldRecords.Set(counts[0]);
        gauges.OpenAlarms.Set(counts[1]);
        gauges.Relays.Set(counts[2]);
        gauges.LanesOwned.Set(counts[3]);
        gauges.LanesWithoutOwner.Set(counts[4]);
        gauges.Emptied.Set(counts[5]);
        gauges.ReplicationSlotBytes.Set(counts[6]);
        gauges.Mode.WithLabels("table").Set(counts[7] > 0 ? 0 : 1);
        gauges.Mode.WithLabels("wal").Set(counts[7] > 0 ? 1 : 0);
        foreach (var (slot, bytes) in await PgDesk.ReadAsync(connection, Slots, r => (r.GetString(0), r.GetInt64(1))))
        {
            gauges.SlotBytes.WithLabels(slot).Set(bytes);
        }

        gauges.Measured.Set(time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
        return true;
    }

    private static double Seconds(DateTime utc) => new DateTimeOffset(utc, TimeSpan.Zero).ToUnixTimeMilliseconds() / 1000.0;
}
