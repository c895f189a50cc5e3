using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Dispatch;

/// <summary>An event as its lane sees it: a record, and who stands behind it.</summary>
internal abstract class LaneEntry(EventRecord record)
{
    /// <summary>The record as it was received; once it is parked, only where it stands and its key.</summary>
    public EventRecord Record { get; set; } = record;

    /// <summary>The lane that it stands in; null: it waits for no other event.</summary>
    public Lane? Lane { get; set; }

    /// <summary>The event behind it in its lane.</summary>
    public LaneEntry? Behind { get; set; }

    /// <summary>Lets it go undone: its record is not used after this.</summary>
    public abstract void Drop();
}

/// <summary>The events of one key that have arrived and are not done: the first is on its way, the others wait behind it.</summary>
internal sealed class Lane
{
    public ulong Hash { get; set; }

    /// <summary>Its events.</summary>
    public int Count { get; set; }

    /// <summary>Its first event is parked: none of them moves any more, and only that one is kept.</summary>
    public bool IsParked { get; set; }

    /// <summary>The event on its way; its key is the lane's key.</summary>
    public LaneEntry? First { get; set; }

    public LaneEntry? Last { get; set; }

    /// <summary>Another lane whose key has the same hash, or the next one that is free.</summary>
    public Lane? Chain { get; set; }
}
