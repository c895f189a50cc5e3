using Sidecar.Agent.Admission;
using Sidecar.Agent.DeadLetter;

namespace Sidecar.Agent.Dispatch;

/// <summary>Which events wait for one another.</summary>
public enum Ordering
{
    /// <summary>Events of one key, one after the other; different keys, and events without a key, at the same time.</summary>
    Key,

    /// <summary>No order: every event at any time.</summary>
    None,

    /// <summary>All events of a partition, one after the other.</summary>
    Partition,
}

/// <summary>How many events of one subscription are on their way at a time, and how many wait.</summary>
public sealed class DispatchOptions
{
    /// <summary>Which events wait for one another.</summary>
    public Ordering Ordering { get; set; } = Ordering.Key;

    /// <summary>Deliveries in flight at a time, over all partitions of the subscription in this pod. 1 to 1,024.</summary>
    public int Concurrency { get; set; } = 64;

    /// <summary>
    /// What the limit of deliveries in flight comes to at least, when it follows the application's latency. 1 to
    /// <see cref="Concurrency"/>; the same: it is fixed.
    /// </summary>
    public int ConcurrencyFloor { get; set; } = DefaultFloor;

    /// <summary>The floor where none is given, or the ceiling if that is lower.</summary>
    public const int DefaultFloor = 4;

    /// <summary>
    /// Events of one partition that may be received and not yet done; when it is full the partition pauses until half of
    /// it is free (a pause drops what the client has prefetched, so it must be rare). 16 to 100,000.
    /// </summary>
    public int Window { get; set; } = 4096;

    /// <summary>The same in bytes held. 64 KiB to 1 GiB; one event is always admitted, however large.</summary>
    public long WindowBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Deliveries that may start in a second, over all partitions in this pod. 1 to 1,000,000; 0: no limit.</summary>
    public int RateLimit { get; set; }

    /// <summary>Which events are delivered; the others are done when they are read, and counted.</summary>
    public EventFilter Filter { get; set; } = EventFilter.None;

    /// <summary>
    /// The delays of the retry topics: an event that has used up its attempts waits in each in turn, before its end.
    /// Each is 1 s to 24 h, at most 8; none: it ends at once.
    /// </summary>
    public IReadOnlyList<TimeSpan> Retries { get; set; } = [];

    /// <summary>How many dead letters hold the subscription.</summary>
    public StormThreshold DeadLetterLimit { get; set; } = StormThreshold.Default;
}
