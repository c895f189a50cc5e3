namespace Sidecar.Client.Publishing;

/// <summary>An event in its own bytes, for publishers that have no protobuf message.</summary>
/// <param name="Topic">The Kafka topic.</param>
public sealed record OutboxEvent(string Topic)
{
    /// <summary>The record's key: events of one key keep their order. Null: no key, no order.</summary>
    public byte[]? Key { get; init; }

    /// <summary>The record's value. Null is a tombstone, which is not the same as empty.</summary>
    public byte[]? Value { get; init; }

    /// <summary>The record's headers, in this order; names may repeat, and a value may be null.</summary>
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
