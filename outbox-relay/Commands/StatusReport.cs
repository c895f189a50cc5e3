using System.Text;
using System.Text.Json.Serialization;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>The status as it is shown, in text and in JSON.</summary>
internal sealed record StatusReport(
    string Outbox, long Pending, string? OldestPending, IReadOnlyList<TopicLine> Topics, long HeldRows)
{
    public required IReadOnlyList<HeldLine> Held { get; init; }

    public required LeaseLine Lease { get; init; }

    public static StatusReport Of(OutboxStatus status)
    {
        var oldest = status.Topics.Count == 0 ? (long?)null : status.Topics.Min(topic => topic.OldestCreatedMs);
        return new StatusReport(
            status.Outbox, status.Topics.Sum(topic => topic.Pending), oldest is { } ms ? Shown.Time(ms) : null,
            [.. status.Topics.Select(topic => new TopicLine(topic.Topic, topic.Pending, Shown.Time(topic.OldestCreatedMs)))],
            status.HeldRows)
        {
            Held = [.. status.Held.Select(held =>
                new HeldLine(held.Topic, Shown.Key(held.Key), held.Rows, held.FirstId, held.Reason))],
            Lease = LeaseLine.Of(status.Lease),
        };
    }

    public string ToText()
    {
        var text = new StringBuilder();
        text.AppendLine($"outbox    {Outbox}");
        text.AppendLine($"lease     {Lease.ToText()}");
        text.Append($"pending   {Pending} rows{(OldestPending is null ? "" : $", the oldest of {OldestPending}")}");
        foreach (var topic in Topics)
        {
            text.Append($"\n  {topic.Topic}  {topic.Pending} rows, the oldest of {topic.OldestPending}");
        }

        text.Append($"\nheld      {HeldRows} rows");
        foreach (var held in Held)
        {
            text.Append($"\n  {held.Topic}  key {held.Key ?? "(none)"}  ");
            text.Append($"{held.Rows} rows from id {held.FirstId} on: {held.Reason}");
        }

        return text.ToString();
    }
}

/// <summary>Pending rows of one topic.</summary>
internal sealed record TopicLine(string Topic, long Pending, string OldestPending);

/// <summary>Held rows of one topic and key.</summary>
internal sealed record HeldLine(string Topic, string? Key, long Rows, long FirstId, string Reason)
{
    /// <summary>What has to happen before they are sent; null where the store does not tell them apart.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Kind { get; init; }
}

/// <summary>Who holds the lease; <see cref="Expired"/>: another relay may take it.</summary>
internal sealed record LeaseLine(string? Owner, long Epoch, string? Expires, bool Expired)
{
    public static LeaseLine Of(LeaseRow? row) => row is { Owner: { } owner } held
        ? new(owner, held.Epoch, Shown.Time(held.Times.ExpiresMs), held.Times.ExpiresMs <= held.Times.NowMs)
        : new(null, row?.Epoch ?? 0, null, true);

    public string ToText() => Owner is null
        ? $"nobody holds it (epoch {Epoch})"
        : $"{Owner} in epoch {Epoch}, {(Expired ? "expired at" : "until")} {Expires}";
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StatusReport))]
internal sealed partial class StatusJson : JsonSerializerContext;
