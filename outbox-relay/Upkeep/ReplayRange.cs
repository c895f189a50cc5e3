namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>Which rows are sent once more. The bounds belong to it.</summary>
/// <param name="From">An id; null: by time.</param>
/// <param name="To">An id; null: by time, or up to the newest.</param>
public sealed record ReplayRange(long? From, long? To)
{
    /// <summary>Rows that were created from here on, in UTC.</summary>
    public DateTime? Since { get; init; }

    /// <summary>Rows that were created up to here, in UTC.</summary>
    public DateTime? Until { get; init; }

    /// <summary>Rows of this topic alone.</summary>
    public string? Topic { get; init; }

    /// <summary>Rows with this key alone.</summary>
    public byte[]? Key { get; init; }
}

/// <summary>What the log still has of a range.</summary>
/// <param name="Outbox">The outbox's id, for the events' ids.</param>
/// <param name="First">The first row of the range that is there; null: none is.</param>
/// <param name="Last">The last one.</param>
/// <param name="Rows">How many.</param>
/// <param name="Oldest">The oldest settled row of the log; null: it has none.</param>
public sealed record ReplayFound(string Outbox, long? First, long? Last, long Rows, long? Oldest)
{
    /// <summary>Ids up to this one have left with their slots, as far as is known; 0: none has.</summary>
    public required long Emptied { get; init; }

    /// <summary>When the oldest was created.</summary>
    public required DateTime? OldestAt { get; init; }

    /// <summary>The highest id that was given out.</summary>
    public required long Highest { get; init; }
}
