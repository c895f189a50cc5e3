using Prometheus;

namespace Sidecar.OutboxRelay.Telemetry;

/// <summary>
/// All instruments of the relay, in one registry of its own: the library's default metrics are not in it.
/// </summary>
public sealed class RelayMetrics
{
    private static readonly double[] LatencyBuckets =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

    private static readonly double[] RowBuckets = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000, 5000, 10000];

    private static readonly double[] PollBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1];

    public RelayMetrics()
    {
        var make = Metrics.WithCustomRegistry(Registry);
        make.CreateGauge("outbox_build_info", "The running program; always 1.", "version").WithLabels(Version).Set(1);
        PendingRecords = make.CreateGauge(
            "outbox_pending_records", "Committed rows not yet acknowledged by Kafka; an upper estimate above 100000.");
        OldestPending = make.CreateGauge(
            "outbox_oldest_pending_timestamp_seconds", "When the oldest pending row was created; 0 if there is none.");
        var published = make.CreateCounter(
            "outbox_published_total", "Rows by what became of them in Kafka.", "result");
        Acknowledged = published.WithLabels("acknowledged");
        Refused = published.WithLabels("refused");
        SentAgain = published.WithLabels("sent_again");
        CommitToPublish = make.CreateHistogram(
            "outbox_commit_to_publish_seconds",
            "From the row's created_ms to the acknowledgement by Kafka; one observation for each row.",
            new HistogramConfiguration { Buckets = LatencyBuckets });
        BatchRecords = make.CreateHistogram(
            "outbox_batch_records", "Rows in one window.", new HistogramConfiguration { Buckets = RowBuckets });
        PollDuration = make.CreateHistogram(
            "outbox_poll_duration_seconds", "Time that one read of the outbox took.",
            new HistogramConfiguration { Buckets = PollBuckets });
        Leader = make.CreateGauge("outbox_leader", "1 while this relay holds the lease.");
        Epoch = make.CreateGauge("outbox_lease_epoch", "The epoch under which this relay last held the lease.");
        LastPublish = make.CreateGauge(
            "outbox_last_publish_timestamp_seconds", "When Kafka last acknowledged a row; 0 before the first.");
        HeldRecords = make.CreateGauge(
            "outbox_held_records", "Rows set aside: refused ones, later rows of the same keys, and on PostgreSQL those of missing topics.");
        Deleted = make.CreateCounter("outbox_cleanup_deleted_total", "Rows deleted after their acknowledgement.");
        Rebuilds = make.CreateCounter(
            "outbox_producer_rebuilds_total", "Kafka producers that were given up and made again.");
        CertificateEnd = make.CreateGauge(
            "outbox_kafka_certificate_expiry_timestamp_seconds", "When the client's certificate in use ends; 0 if there is none.");
        Waiting = make.CreateGauge(
            "outbox_waiting", "1 while the relay waits for this before it can go on.", "reason");
        WalStreaming = make.CreateGauge("outbox_wal_streaming", "1 while rows come from the write-ahead log, not from the table.");
        WalLag = make.CreateGauge("outbox_wal_slot_lag_bytes", "Bytes of the log that the server keeps for this relay's slot.");
        WalFallbacks = make.CreateCounter(
            "outbox_wal_fallbacks_total", "How often rows went back to coming from the table.", "reason");
        LastTick = make.CreateGauge(
            "outbox_loop_last_tick_timestamp_seconds", "When the relay's loop last came round.");
    }

    /// <summary>The program's version.</summary>
    public static string Version { get; } = typeof(RelayMetrics).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>What <c>/metrics</c> shows.</summary>
    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    public Gauge PendingRecords { get; }

    public Gauge OldestPending { get; }

    public Counter.Child Acknowledged { get; }

    public Counter.Child Refused { get; }

    public Counter.Child SentAgain { get; }

    public Histogram CommitToPublish { get; }

    public Histogram BatchRecords { get; }

    public Histogram PollDuration { get; }

    public Gauge Leader { get; }

    public Gauge Epoch { get; }

    public Gauge LastPublish { get; }

    public Gauge HeldRecords { get; }

    public Counter Deleted { get; }

    public Counter Rebuilds { get; }

    public Gauge CertificateEnd { get; }

    public Gauge Waiting { get; }

    public Gauge WalStreaming { get; }

    public Gauge WalLag { get; }

    public Counter WalFallbacks { get; }

    public Gauge LastTick { get; }
}
