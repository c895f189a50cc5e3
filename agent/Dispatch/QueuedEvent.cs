using Sidecar.Agent.Contracts;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// One event between its arrival and its end: the record, its place in the ledger of one assignment, and what was tried.
/// Guarded by the dispatcher's lock, except while a slot has it in flight.
/// </summary>
internal sealed class QueuedEvent(EventRecord record, PartitionWorker worker, long ticket) : LaneEntry(record)
{
    /// <summary>The assignment that it belongs to.</summary>
    public PartitionWorker Worker { get; } = worker;

    /// <summary>Its place in that assignment's ledger.</summary>
    public long Ticket { get; } = ticket;

    /// <summary>The event after it among those that are ready.</summary>
    public QueuedEvent? NextReady { get; set; }

    /// <summary>Attempts that count.</summary>
    public int Attempts { get; set; }

    /// <summary>The pause before the last attempt; zero before the first.</summary>
    public TimeSpan LastPause { get; set; }

    /// <summary>How long it was held, because the application answered that it is unavailable, in sum.</summary>
    public TimeSpan Held { get; set; }

    /// <summary>The breaker's era in which it departed last; -1: it has not yet.</summary>
    public int Era { get; set; } = -1;

    /// <summary>When it departed last, since the start.</summary>
    public TimeSpan DepartedAt { get; set; }

    /// <summary>It was with an application whose connection was lost, and not been answered since: it may be the cause.</summary>
    public bool IsSuspect { get; set; }

    /// <summary>Connections that were lost while it was in flight alone.</summary>
    public int Interruptions { get; set; }

    /// <summary>Its last delivery was the breaker's probe.</summary>
    public bool WasProbe { get; set; }

    /// <summary>When it was received, in milliseconds since the Unix epoch.</summary>
    public long FirstSeenMs { get; init; }

    /// <summary>While the subscription is held for its dead letters: this delivery is the probe.</summary>
    public bool IsProbe { get; set; }

    /// <summary>It departed because it is too old to be delivered: it passes no gate, and is not sent.</summary>
    public bool IsExpired { get; set; }

    /// <summary>When an attempt failed first here, in milliseconds since the Unix epoch; 0: none has.</summary>
    public long FirstFailureMs { get; set; }

    /// <summary>The record of a retry topic that it was read from; null: it was read from its source.</summary>
    public RetryPlace? Place { get; init; }

    /// <summary>It was found in a retry topic and is no copy of an event: its offset is none of the source.</summary>
    public bool IsForeign { get; init; }

    /// <summary>The same for a person, to be written behind its place in the source; empty where it was read there.</summary>
    public string WaitsAs => Place is { } place ? $", which waits as {Worker.Topic}/{Worker.Partition}/{place.Offset}" : "";

    /// <summary>How often it came back from the dead letters.</summary>
    public int Replays { get; init; }

    /// <summary>Delays that it was given for having failed.</summary>
    public int Delays { get; set; }

    /// <summary>The delay of the retry topic that it goes to.</summary>
    public TimeSpan? NextDelay { get; set; }

    /// <inheritdoc/>
    public override void Drop() => Worker.Drop(this);

    /// <summary>An attempt has failed at this time.</summary>
    public void Failed(long unixMs) => FirstFailureMs = FirstFailureMs == 0 ? unixMs : FirstFailureMs;
}
