using Google.Protobuf;
using Sidecar.Client.Schema;

namespace Sidecar.Client.Publishing;

/// <summary>
/// One row of the outbox table, before it is written. Headers are JSON, or null where there are none; the time is in
/// milliseconds since 1970, UTC.
/// </summary>
internal readonly record struct OutboxRow(string Topic, byte[]? Key, byte[]? Value, string? Headers, long CreatedMs)
{
    /// <summary>The order of the key is that of the commits also without a lock of the caller's.</summary>
    public bool Strict { get; init; }

    /// <summary>The size of what is written, in bytes; header names count as characters.</summary>
    public long Bytes => Topic.Length + (Key?.Length ?? 0) + (long)(Value?.Length ?? 0) + (Headers?.Length ?? 0);

    public static OutboxRow Of(IMessage message, PublishOptions options)
    {
        var schema = EventSchema.Of(message.Descriptor);
        var headers = OutboxHeaders.ToJson(
            [new("ce_type", schema.Type), new("content-type", "application/protobuf")], options.Headers);
        return new OutboxRow(
            options.Topic ?? schema.Topic,
            options.Key ?? schema.KeyOf(message),
            message.ToByteArray(),
            headers,
            options.Clock.GetUtcNow().ToUnixTimeMilliseconds()) { Strict = options.Strict };
    }

    public static OutboxRow Of(OutboxEvent outboxEvent) => new(
        outboxEvent.Topic,
        outboxEvent.Key,
        outboxEvent.Value,
        OutboxHeaders.ToJson([], outboxEvent.Headers),
        outboxEvent.Clock.GetUtcNow().ToUnixTimeMilliseconds()) { Strict = outboxEvent.Strict };
}
