using Prometheus;

namespace Sidecar.Agent.Telemetry;

/// <summary>Every instrument of the agent, with its labels, in one place. Labels are bounded: never a key, an id or an offset.</summary>
public sealed class AgentMetrics
{
    private static readonly double[] AttemptBuckets =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private static readonly double[] LatencyBuckets =
        [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

    private readonly MetricFactory factory;
    private readonly List<Action<string>> ofSubscriptions = [];

    public AgentMetrics(CollectorRegistry registry)
    {
        Registry = registry;
        factory = Metrics.WithCustomRegistry(registry);
        BuildInfo = Gauge("build_info", "The running version; always 1.", "version", "runtime", "librdkafka");
        Received = Counter("records_received_total", "Records received from Kafka.", "sub", "topic");
        Attempts = Counter("deliveries_total", "Attempts to deliver an event, by how they ended.", "sub", "outcome");
        AttemptSeconds = Histogram("delivery_attempt_duration_seconds", "Time of one attempt.", AttemptBuckets, "sub");
        EventSeconds = Histogram(
            "event_latency_seconds", "Time from the record's timestamp to its delivery.", LatencyBuckets, "sub");
        InFlight = Gauge("inflight_deliveries", "Deliveries in flight now.", "sub");
        InFlightLimit = Gauge("inflight_limit", "Deliveries that may be in flight.", "sub");
        InFlightFloor = Gauge("inflight_limit_floor", "The least that the limit comes to.", "sub");
        InFlightCeiling = Gauge("inflight_limit_ceiling", "The most that the limit comes to.", "sub");
        RetriesWaiting = Gauge("retries_waiting_for_budget", "Retries that wait for the retry budget.", "sub");
        HotKeyShare = Gauge(
            "hot_key_share", "Share of a partition's open records that wait behind one key; 0 while it is not half full.",
            "sub", "topic", "partition");
        BufferedRecords = Gauge("buffered_records", "Records received and not yet done.", "sub");
        BufferedBytes = Gauge("buffered_bytes", "Bytes of memory that those records hold.", "sub");
        Lag = Gauge(
            "consumer_lag_records", "Records that Kafka has and that are not done.", "sub", "topic", "partition");
        OldestUnacked = Gauge(
            "oldest_unacked_timestamp_seconds", "Unix time of the oldest record that is not done.",
            "sub", "topic", "partition");
        Standing = Gauge(
            "partition_standing", "1 for a partition that does not move, with the reason.",
            "sub", "topic", "partition", "reason");
        Assigned = Gauge("assigned_partitions", "Partitions assigned to this agent.", "sub");
        AppUp = Gauge("app_up", "1 while the application takes deliveries, 0 while deliveries wait for it.", "sub");
        AppHealthy = Gauge("app_healthy", "1 while the application is well, as it says itself; 0 while nothing is sent to it.", "sub");
        Joined = Gauge("group_joined", "1 while the subscription takes part in the group, 0 while others have its partitions.", "sub");
        Paused = Gauge("paused", "1 while the subscription is paused by a setting or a person.", "sub");
        BreakerState = Gauge("breaker_state", "0 closed, 1 open (one delivery at a time as a probe), 2 ramping.", "sub");
        BreakerOpened = Counter("breaker_opened_total", "Times that the breaker opened, by the cause.", "sub", "cause");
        Retries = Counter("retries_total", "Attempts that will be repeated.", "sub", "stage");
        Resends = Counter("resends_total", "Copies that Kafka has acknowledged in retry topics, by the cause.", "sub", "topic", "reason");
        RetryEvents = Gauge("retry_waiting_events", "Events that wait in retry topics.", "sub", "partition");
        RetryOldestDue = Gauge(
            "retry_oldest_due_timestamp_seconds", "When the first event that waits there is, or was, due; 0: none.", "sub", "partition");
        RetryKeys = Gauge("retry_waiting_keys", "Keys that have such an event.", "sub", "partition");
        Skipped = Counter("records_skipped_total", "Records that ended without a delivery, by the rule.", "sub", "reason");
        Exhausted = Counter("exhausted_total", "Events that came to their end undelivered, by the cause.", "sub", "reason");
        DeadLetters = Counter("dead_letters_total", "Dead letters that Kafka has acknowledged, by the cause.", "sub", "reason");
        DeadLetterFailures = Counter("dead_letter_failures_total", "Dead letters that could not be written at once.", "sub");
        Storm = Gauge("dead_letter_storm", "1 while the subscription is held because of its many dead letters.", "sub");
        Parked = Gauge("parked_events", "Events that came to their end and hold up their key.", "sub", "topic", "partition");
        Commits = Counter("offset_commits_total", "Commits answered by Kafka.", "result");
        LastCommit = Gauge("last_commit_timestamp_seconds", "Unix time of the last commit that Kafka accepted.");
        Rebalances = Counter("rebalances_total", "Rebalances that changed the assignment, whatever the number of partitions.", "type");
        Pauses = Counter("partition_pauses_total", "Pauses of a partition that was full, by the limit.", "sub", "reason");
        Brokers = Gauge("kafka_connected_brokers", "Brokers that the Kafka client is connected to.");
        CertificateEnd = Gauge("kafka_certificate_expiry_timestamp_seconds", "When the certificate in use ends; 0: there is none.");
        KafkaErrors = Counter("kafka_errors_total", "Errors that the Kafka client reported.", "kind");
        Configuration = new ConfigurationMetrics(factory);
        Waiting = Gauge("waiting", "1 for each thing that the agent waits for.", "for");
        Drain = Gauge("drain_state", "0 in service, 1 draining, 2 drained: the group is left for good.");
        LastTick = Gauge("loop_last_tick_timestamp_seconds", "Unix time of the loop's last turn.", "loop");
        CountAllocations();
    }

    public CollectorRegistry Registry { get; }

    public Gauge BuildInfo { get; }

    public Counter Received { get; }

    public Counter Attempts { get; }

    public Histogram AttemptSeconds { get; }

    public Histogram EventSeconds { get; }

    public Gauge InFlight { get; }

    public Gauge InFlightLimit { get; }

    public Gauge InFlightFloor { get; }

    public Gauge InFlightCeiling { get; }

    public Gauge RetriesWaiting { get; }

    public Gauge HotKeyShare { get; }

    public Gauge BufferedRecords { get; }

    public Gauge BufferedBytes { get; }

    public Gauge Lag { get; }

    public Gauge OldestUnacked { get; }

    public Gauge Standing { get; }

    public Gauge Assigned { get; }

    public Gauge AppUp { get; }

    public Gauge AppHealthy { get; }

    public Gauge Joined { get; }

    public Gauge Paused { get; }

    public Gauge BreakerState { get; }

    public Counter BreakerOpened { get; }

    public Counter Retries { get; }

    public Counter Resends { get; }

    public Gauge RetryEvents { get; }

    public Gauge RetryKeys { get; }

    public Gauge RetryOldestDue { get; }

    public Counter Skipped { get; }

    public Counter Exhausted { get; }

    public Counter DeadLetters { get; }

    public Counter DeadLetterFailures { get; }

    public Gauge Storm { get; }

    public Gauge Parked { get; }

    public Counter Commits { get; }

    public Gauge LastCommit { get; }

    public Counter Rebalances { get; }

    public Counter Pauses { get; }

    public Gauge Brokers { get; }

    public Gauge CertificateEnd { get; }

    public Counter KafkaErrors { get; }

    public ConfigurationMetrics Configuration { get; }

    public Gauge Waiting { get; }

    public Gauge Drain { get; }

    public Gauge LastTick { get; }

    private void CountAllocations()
    {
        var allocated = factory.CreateCounter(
            "sidecar_gc_allocated_bytes_total", "Bytes allocated on the managed heap since the start.");
        Registry.AddBeforeCollectCallback(() => allocated.IncTo(GC.GetTotalAllocatedBytes()));
    }

    /// <summary>Removes every series of a subscription that is gone.</summary>
    public void Forget(string subscription) => ofSubscriptions.ForEach(forget => forget(subscription));

    private Gauge Gauge(string name, string help, params string[] labels)
    {
        var made = factory.CreateGauge($"sidecar_{name}", help, labels);
        Note(labels, made.GetAllLabelValues, values => made.RemoveLabelled(values));
        return made;
    }

    private Counter Counter(string name, string help, params string[] labels)
    {
        var made = factory.CreateCounter($"sidecar_{name}", help, labels);
        Note(labels, made.GetAllLabelValues, values => made.RemoveLabelled(values));
        return made;
    }

    private Histogram Histogram(string name, string help, double[] buckets, params string[] labels)
    {
        var made = factory.CreateHistogram($"sidecar_{name}", help, labels, new HistogramConfiguration { Buckets = buckets });
        Note(labels, made.GetAllLabelValues, values => made.RemoveLabelled(values));
        return made;
    }

    private void Note(string[] labels, Func<IEnumerable<string[]>> all, Action<string[]> remove)
    {
        if (labels is ["sub", ..])
        {
            ofSubscriptions.Add(gone => all().Where(values => values[0] == gone).ToList().ForEach(remove));
        }
    }
}
