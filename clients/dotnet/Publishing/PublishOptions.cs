namespace Sidecar.Client.Publishing;

/// <summary>What one call says otherwise than the message's own option.</summary>
public sealed record PublishOptions
{
    /// <summary>The topic. Default: the one of the message's option.</summary>
    public string? Topic { get; init; }

    /// <summary>The key. Default: the value of the key field that the message's option names.</summary>
    public byte[]? Key { get; init; }

    /// <summary>
    /// Further headers, in this order after ours; names may repeat. A header named as one of ours (<c>ce_type</c>,
    /// <c>content-type</c>, <c>traceparent</c>, <c>tracestate</c>) takes its place.
    /// </summary>
    public IReadOnlyCollection<KeyValuePair<string, string?>> Headers { get; init; } = [];

    /// <summary>
    /// Events of the key go out in the order of the commits even if their writers hold no lock on what the key stands
    /// for: the call waits for other strict transactions with this topic and key. Two transactions that publish several
    /// strict keys in different orders may deadlock; one of them then fails and is to be repeated. Default: false.
    /// </summary>
    public bool Strict { get; init; }

    /// <summary>
    /// Where the time of creation comes from on SQLite; PostgreSQL takes its own. Default: the system's clock.
    /// </summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
