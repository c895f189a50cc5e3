namespace Sidecar.OutboxRelay.Contracts;

/// <summary>One row of the outbox as it was read: bytes that nobody alters. Null and empty are kept apart.</summary>
public sealed class OutboxRow
{
    /// <summary>
    /// The row's number: never used twice, and ascending in the order of commit among the rows of a key.
    /// </summary>
    public required long Id { get; init; }

    /// <summary>The part of the outbox that it lies in: one relay at a time owns it.</summary>
    public int Bucket { get; init; }

    /// <summary>The epoch under which this relay owns that part.</summary>
    public long Epoch { get; init; }

    /// <summary>The topic as the writer named it; not yet checked.</summary>
    public required string Topic { get; init; }

    /// <summary>The key; null: the record has none.</summary>
    public byte[]? Key { get; init; }

    /// <summary>The value; null: a tombstone.</summary>
    public byte[]? Value { get; init; }

    /// <summary>The headers as UTF-8 JSON, an array of pairs; null: none.</summary>
    public byte[]? Headers { get; init; }

    /// <summary>When the writer inserted the row, in milliseconds since the Unix epoch by the writer's clock.</summary>
    public required long CreatedMs { get; init; }

    /// <summary>
    /// Bytes of key, value and headers as they are stored. A part that is larger than what was asked for is left out
    /// of this object, and counts here all the same.
    /// </summary>
    public required long StoredBytes { get; init; }

    /// <summary>An earlier row of the same topic and key is held: this one goes behind it.</summary>
    public bool BehindHeld { get; init; }

    /// <summary>The same row, behind a held one.</summary>
    public OutboxRow AsBehindHeld() => new()
    {
        Id = Id, Bucket = Bucket, Epoch = Epoch, Topic = Topic, Key = Key, Value = Value, Headers = Headers,
        CreatedMs = CreatedMs, StoredBytes = StoredBytes, BehindHeld = true,
    };

    /// <summary>The same row with its parts, which were left out at first.</summary>
    public OutboxRow With(byte[]? key, byte[]? value, byte[]? headers) => new()
    {
        Id = Id, Bucket = Bucket, Epoch = Epoch, Topic = Topic, Key = key, Value = value, Headers = headers,
        CreatedMs = CreatedMs, StoredBytes = StoredBytes, BehindHeld = BehindHeld,
    };
}

/// <summary>Why a row is taken out of the line. A closed set.</summary>
public enum HeldKind
{
    /// <summary>Kafka does not take it: a person decides.</summary>
    Refused,

    /// <summary>An earlier row of its topic and key is held.</summary>
    Behind,

    /// <summary>Its topic cannot be written now: it is sent by itself once that can.</summary>
    Waiting,
}

/// <summary>A row that is taken out of the line, with the reason, for people.</summary>
/// <param name="Id">The row's number.</param>
/// <param name="Kind">What has to happen before it is sent.</param>
/// <param name="Reason">Why it is held; one sentence.</param>
public readonly record struct HeldRow(long Id, HeldKind Kind, string Reason);
