using System.Text;
using System.Text.Json.Serialization;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>The status of an outbox in PostgreSQL as text.</summary>
internal static class PgStatusText
{
    public static string Of(PgOutboxStatus status)
    {
        var text = new StringBuilder();
        text.Append($"outbox   {status.Outbox}\n");
        text.Append($"pending  {(status.IsEstimate ? "about " : "")}{status.Pending} rows");
        text.Append(status.Oldest is { } oldest ? $", the oldest of {Shown.Time(oldest)}\n" : "\n");
        foreach (var topic in status.Topics)
        {
            text.Append($"  {topic.Topic}  {topic.Pending} rows, the oldest of {Shown.Time(topic.Oldest)}\n");
        }

        text.Append(status.HeldAreMore
            ? $"held     {status.HeldRows} rows or more; of the first {status.HeldRows}:\n"
            : $"held     {status.HeldRows} rows\n");
        foreach (var held in status.Held)
        {
            text.Append($"  {held.Topic}  key {Shown.Key(held.Key) ?? "(none)"}  {held.Kind}, {held.Rows} rows ");
            text.Append($"from id {held.FirstId} on: {Shown.Cell(held.Reason, 200)}\n");
        }

        text.Append($"relays   {status.Relays.Count}; {status.Lanes} lanes, {status.Orphans} without a live relay\n");
        foreach (var relay in status.Relays)
        {
            text.Append($"  {relay.Name}  {relay.Lanes} lanes, {(relay.Expired ? "expired at" : "until")} ");
            text.Append($"{Shown.Time(relay.LeaseUntil)}\n");
        }

        text.Append($"mode     {Mode(status)}\n");
        foreach (var slot in status.Replication)
        {
            text.Append($"  replication slot {slot.Name}: {(slot.Active ? "active" : "NOT active")}, ");
            text.Append($"{Shown.Size(slot.RetainedBytes)} of the write-ahead log\n");
        }

        text.Append("slots\n");
        foreach (var slot in status.Slots)
        {
            text.Append($"  log_{slot.Slot}  {Shown.Size(slot.Bytes)}{(slot.Current ? ", written to" : "")}; ");
            text.Append(slot.EmptiedAt is { } at ? $"{slot.Emptied} rows left it, last at {Shown.Time(at)}\n" : "never emptied\n");
        }

        text.Append($"alarms   {status.Alarms.Count}");
        foreach (var alarm in status.Alarms)
        {
            text.Append($"\n  {alarm.Id}  {alarm.Kind} {alarm.Subject} since {Shown.Time(alarm.RaisedAt)}: {alarm.Text}");
        }

        return text.ToString();
    }

    internal static string Mode(PgOutboxStatus status) => status.Replication.Any(slot => slot.Active) ? "wal" : "table";
}

/// <summary>The same for programs.</summary>
internal sealed record PgStatusReport(string Outbox, long Pending, bool PendingIsEstimate, string? OldestPending)
{
    public required IReadOnlyList<TopicLine> Topics { get; init; }

    public required long HeldRows { get; init; }

    /// <summary>There are more held rows than that, and <see cref="Held"/> tells of the first of them.</summary>
    public required bool HeldAreMore { get; init; }

    public required IReadOnlyList<HeldLine> Held { get; init; }

    public required IReadOnlyList<RelayLine> Relays { get; init; }

    public required long Lanes { get; init; }

    public required long LanesWithoutOwner { get; init; }

    public required string Mode { get; init; }

    public required IReadOnlyList<SlotLine> Slots { get; init; }

    public required IReadOnlyList<PgReplicationStatus> ReplicationSlots { get; init; }

    public required IReadOnlyList<AlarmLine> Alarms { get; init; }

    public static PgStatusReport Of(PgOutboxStatus status) => new(
        status.Outbox, status.Pending, status.IsEstimate, status.Oldest is { } oldest ? Shown.Time(oldest) : null)
    {
        Topics = [.. status.Topics.Select(topic => new TopicLine(topic.Topic, topic.Pending, Shown.Time(topic.Oldest)))],
        HeldRows = status.HeldRows,
        HeldAreMore = status.HeldAreMore,
        Held = [.. status.Held.Select(held =>
            new HeldLine(held.Topic, Shown.PlainKey(held.Key), held.Rows, held.FirstId, held.Reason) { Kind = held.Kind })],
        Relays = [.. status.Relays.Select(relay =>
            new RelayLine(relay.Id, relay.Name, relay.Lanes, Shown.Time(relay.LeaseUntil), relay.Expired))],
        Lanes = status.Lanes,
        LanesWithoutOwner = status.Orphans,
        Mode = PgStatusText.Mode(status),
        Slots = [.. status.Slots.Select(slot => new SlotLine(
            slot.Slot, slot.Bytes, slot.Current, slot.Emptied, slot.EmptiedAt is { } at ? Shown.Time(at) : null))],
        ReplicationSlots = status.Replication,
        Alarms = [.. status.Alarms.Select(AlarmLine.Of)],
    };
}

/// <summary>A relay that has entered itself.</summary>
internal sealed record RelayLine(string Id, string Name, long Lanes, string LeaseUntil, bool Expired);

/// <summary>A slot of the log.</summary>
internal sealed record SlotLine(int Slot, long Bytes, bool Current, long Emptied, string? EmptiedAt);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PgStatusReport))]
internal sealed partial class PgStatusJson : JsonSerializerContext;
