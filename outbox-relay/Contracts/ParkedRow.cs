namespace Sidecar.OutboxRelay.Contracts;

/// <summary>A row that is out of the line, without its content.</summary>
/// <param name="Id">The row's number.</param>
/// <param name="Kind">What has to happen before it is sent.</param>
/// <param name="Topic">The topic as the writer named it.</param>
/// <param name="Key">The key, at most <see cref="ParkedLimits.KeyBytes"/> of it; null: none.</param>
/// <param name="Reason">Why it is out of the line.</param>
public sealed record ParkedRow(long Id, HeldKind Kind, string Topic, byte[]? Key, string Reason)
{
    /// <summary>Bytes of key, value and headers.</summary>
    public required long Bytes { get; init; }

    /// <summary>When the writer inserted it, in milliseconds since the Unix epoch.</summary>
    public required long CreatedMs { get; init; }

    /// <summary>When it was taken out of the line, in milliseconds since the Unix epoch.</summary>
    public required long HeldMs { get; init; }

    /// <summary>A person has let it go: the relay that owns it tries it again.</summary>
    public bool IsReleased { get; init; }
}

/// <summary>A row that is out of the line, with its content up to a limit.</summary>
/// <param name="Row">What the list shows of it.</param>
/// <param name="Headers">As JSON, cut to the limit; null: none.</param>
/// <param name="Value">Cut to the limit; null: a tombstone.</param>
/// <param name="ValueBytes">Its whole size.</param>
public sealed record ParkedContent(ParkedRow Row, string? Headers, byte[]? Value, long ValueBytes);

/// <summary>Which rows are meant; what is null does not matter. Nothing given means all of them.</summary>
public sealed record ParkedFilter
{
    /// <summary>The row with this number.</summary>
    public long? Id { get; init; }

    /// <summary>Rows of this topic.</summary>
    public string? Topic { get; init; }

    /// <summary>Rows with this key.</summary>
    public byte[]? Key { get; init; }

    /// <summary>Rows whose reason contains this.</summary>
    public string? Reason { get; init; }

    /// <summary>Rows that were taken out of the line at least so long ago.</summary>
    public TimeSpan? OlderThan { get; init; }
}

/// <summary>What is counted when rows go back or are dropped.</summary>
/// <param name="Rows">Rows that were changed.</param>
/// <param name="Keys">Topics and keys that they belong to; a row without a key counts as one.</param>
public readonly record struct ParkedCount(long Rows, long Keys)
{
    /// <summary>Of the rows that are meant, some wait for their topic or their turn: they go out by themselves.</summary>
    public bool OthersWait { get; init; }
}

/// <summary>What was dropped.</summary>
/// <param name="Dropped">The rows, the first <see cref="ParkedLimits.DroppedListed"/> of them.</param>
/// <param name="Rows">How many.</param>
/// <param name="GoOn">Rows that stood behind them and go back into the line.</param>
public sealed record ParkedDrop(IReadOnlyList<ParkedRow> Dropped, long Rows, long GoOn);

/// <summary>Limits of what is shown.</summary>
public static class ParkedLimits
{
    /// <summary>Bytes of a key that are shown.</summary>
    public const int KeyBytes = 1024;

    /// <summary>Bytes of the headers that are shown.</summary>
    public const int HeaderBytes = 64 * 1024;

    /// <summary>Rows that are named one by one when they are dropped.</summary>
    public const int DroppedListed = 100;
}
