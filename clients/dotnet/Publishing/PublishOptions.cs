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

    /// <summary>Where the time of creation comes from. Default: the system's clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
