using Prometheus;

namespace Sidecar.OutboxRelay.Telemetry;

/// <summary>What is measured of an outbox in PostgreSQL beside its backlog; made only for one.</summary>
public sealed class PgMetrics
{
    public PgMetrics(CollectorRegistry registry)
    {
        var make = Metrics.WithCustomRegistry(registry);
        LanesOwned = make.CreateGauge("outbox_lanes_owned", "Lanes that this relay owns.");
        LanesWithoutOwner = make.CreateGauge("outbox_lanes_without_owner", "Lanes that no live relay owns: their rows wait.");
        Relays = make.CreateGauge("outbox_relays", "Relays of this outbox that live.");
        OpenAlarms = make.CreateGauge("outbox_open_alarms", "What relays found and nobody has accepted yet.");
        SlotBytes = make.CreateGauge("outbox_slot_bytes", "Size of a slot of the log, with its indexes.", "slot");
        Emptied = make.CreateGauge("outbox_emptied_records", "Rows that left the log with their slots, since there is an outbox.");
        ReplicationSlotBytes = make.CreateGauge(
            "outbox_replication_slot_bytes", "Write-ahead log that the outbox's replication slots keep; 0: there is none.");
        Mode = make.CreateGauge("outbox_mode", "1 for how rows are read now: from the table, or from the write-ahead log.", "mode");
        Measured = make.CreateGauge(
            "outbox_measured_timestamp_seconds", "When the database was last measured for these gauges; 0: not yet.");
    }

    public Gauge LanesOwned { get; }

    public Gauge LanesWithoutOwner { get; }

    public Gauge Relays { get; }

    public Gauge OpenAlarms { get; }

    public Gauge SlotBytes { get; }

    public Gauge Emptied { get; }

    public Gauge ReplicationSlotBytes { get; }

    public Gauge Mode { get; }

    public Gauge Measured { get; }
}
