using Sidecar.Agent.Contracts;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// One assigned partition, for as long as it is assigned: its ledger, its lanes, and what it holds. A new assignment of
/// the same partition is a new worker, so that whatever returns late from the old one changes nothing. Guarded by the
/// dispatcher's lock.
/// </summary>
public sealed class PartitionWorker : IDisposable
{
    /// <summary>A full partition has room again when this share of its window is free.</summary>
    private const int RoomShare = 8;

    private readonly CancellationTokenSource cancelling = new();
    private readonly CancellationTokenSource closing = new();
    private readonly DispatchOptions options;
    private readonly BufferBudget budget;
    private readonly List<PartitionWorker> kin;

    internal PartitionWorker(
        string topic, int partition, PartitionTracker tracker, DispatchOptions options, BufferBudget budget)
    {
        Topic = topic;
        Partition = partition;
        Tracker = tracker;
        this.options = options;
        this.budget = budget;
        Lanes = new KeyLanes(options.Ordering, hasCopies: options.Retries.Count > 0);
        Retries = options.Retries.Count == 0 ? null : new PartitionRetries(options.Ordering);
        kin = [this];
        Cancellation = cancelling.Token;
        Closing = closing.Token;
    }

    /// <summary>A partition of a retry topic, which belongs to one of the source and shares its lanes.</summary>
    internal PartitionWorker(string topic, PartitionWorker source, PartitionTracker tracker)
        : this(topic, source.Partition, tracker, source.options, source.budget)
    {
        Lanes = source.Lanes;
        Retries = source.Retries;
        Closed = source.Closed;
        Standing = source.Standing;
        kin = source.kin;
        kin.Add(this);
    }

    public string Topic { get; }

    public int Partition { get; }

    /// <summary>The ledger.</summary>
    internal PartitionTracker Tracker { get; }

    /// <summary>What of it waits in retry topics; null: there are none.</summary>
    internal PartitionRetries? Retries { get; }

    /// <summary>The workers that come and go together: that of the source partition, which is the first, and this one.</summary>
    internal IReadOnlyList<PartitionWorker> Kin => kin;

    /// <summary>Nothing of it, or of what belongs to it, is in flight or being written.</summary>
    internal bool IsIdle => Kin.All(kin => kin is { InFlight: 0, Ending: 0 });

    /// <summary>Which of its events wait for one another.</summary>
    internal KeyLanes Lanes { get; }

    /// <summary>Set when its deliveries in flight are to end: it was taken away, or the agent stops.</summary>
    internal CancellationToken Cancellation { get; }

    /// <summary>Set when it is closed: whoever waits for a time that has not come gives up.</summary>
    internal CancellationToken Closing { get; }

    /// <summary>Events that a slot has in flight.</summary>
    internal int InFlight { get; set; }

    /// <summary>Events whose dead letter is being written.</summary>
    internal int Ending { get; set; }

    /// <summary>Events that have come to their end and hold up their key.</summary>
    internal List<LaneEntry> Parked { get; } = [];

    /// <summary>Why dead letters of it cannot be written now; null: they can.</summary>
    internal string? LetterProblem { get; set; }

    /// <summary>Bytes that its events hold in memory.</summary>
    internal long HeldBytes { get; set; }

    /// <summary>It takes no more events, and hands out none of those it has.</summary>
    internal bool Closed { get; set; }

    /// <summary>Why it stands until someone acts; null while it moves.</summary>
    internal string? Standing { get; set; }

    /// <summary>Why events of it cannot be put into a retry topic now; null: they can.</summary>
    internal string? RetryProblem { get; set; }

    /// <summary>Why what is committed of it does not move, though its other keys do; null: there is no such reason.</summary>
    internal string? HoldReason =>
        Retries is { IsKnown: false } ? "retries_unknown"
        : Kin.Any(kin => kin.RetryProblem is not null) ? "retry"
        : Kin.Any(kin => kin.LetterProblem is not null) ? "dead_letter"
        : Kin.Any(kin => kin.IsFullOfParked) ? "retries_parked"
        : ParkedEvents > 0 ? "parked"
        : null;

    /// <summary>Events that have come to their end and hold up their key, of all that belongs to it.</summary>
    internal int ParkedEvents => Kin.Sum(kin => kin.Parked.Count);

    /// <summary>Its open records that are parked, or stand behind one that is. They wait for a person.</summary>
    internal int Stuck { get; private set; }

    /// <summary>
    /// Of a retry partition: those fill its window or its ledger, so that no more of it may be read. The others come to their end
    /// whatever their number, and count for nothing here.
    /// </summary>
    internal bool IsFullOfParked => kin[0] != this && Stuck > 0
        && (Stuck >= options.Window || Tracker.Count >= PartitionRetries.MaxWaiting
            || Tracker.MapBytesBound >= AckMapCodec.AdmissionBytes);

    /// <summary>Set when it is closed and its last delivery in flight has ended.</summary>
    internal ManualResetEventSlim Drained { get; } = new();

    /// <summary>Why it takes no more events now; null: it has room. An event of its own is always admitted.</summary>
    internal string? FullReason =>
        Standing is not null ? "standing"
        : Retries?.Events >= PartitionRetries.MaxWaiting ? "retries_full"
        : Tracker.Open == 0 ? null
        : Tracker.Count >= options.Window ? "window"
        : HeldBytes >= options.WindowBytes ? "window_bytes"
        : Tracker.MapBytesBound >= AckMapCodec.AdmissionBytes ? "ack_map_full"
        : budget.IsFull ? "buffer"
        : null;

    /// <summary>It has room for more than one event: an eighth of its window is free.</summary>
    internal bool HasRoom => FullReason is null && Tracker.Count <= options.Window - (options.Window / RoomShare);

    /// <summary>Half of every limit is free again, so that a pause, which is expensive, was worth its price.</summary>
    internal bool HalfFree =>
        Standing is null
        && !Closed
        && !(Retries?.Events > PartitionRetries.MaxWaiting / 2)
        && (Tracker.Open == 0
            || (Tracker.Count <= options.Window / 2
                && HeldBytes <= options.WindowBytes / 2
                && Tracker.MapBytesBound <= AckMapCodec.AdmissionBytes / 2
                && budget.HalfFree));

    /// <summary>The subscription's filter leaves a record out: it is done, and let go.</summary>
    internal bool Skips(EventRecord record, long ticket)
    {
        if (options.Filter.Takes(record))
        {
            return false;
        }

        Tracker.Complete(ticket);
        record.Release();
        return true;
    }

    /// <summary>Counts an event that was taken in.</summary>
    internal void Keep(LaneEntry entry)
    {
        HeldBytes += entry.Record.HeldBytes;
        budget.Take(entry.Record.HeldBytes);
    }

    /// <summary>An event has come to its end and holds up its key. Only the key is kept: the next agent reads the event again.</summary>
    internal void Park(LaneEntry entry)
    {
        var key = entry.Record.KeyAlone();
        Drop(entry);
        entry.Record = key;
        Keep(entry);
        Parked.Add(entry);
        Stuck++;
    }

    /// <summary>An event stands behind a parked one: it stays open in the ledger, and nothing of it is kept.</summary>
    internal void LeaveBehind(LaneEntry entry)
    {
        Drop(entry);
        Stuck++;
    }

    /// <summary>Lets an event go: its record is not used after this.</summary>
    internal void Drop(LaneEntry entry)
    {
        HeldBytes -= entry.Record.HeldBytes;
        budget.Give(entry.Record.HeldBytes);
        entry.Record.Release();
    }

    /// <summary>An event is done. Returns the one of its key that is ready now, if it may go.</summary>
    internal LaneEntry? Complete(LaneEntry entry, long ticket)
    {
        Tracker.Complete(ticket);
        var next = Lanes.Leave(entry);
        Drop(entry);
        return Closed || Standing is not null ? null : next;
    }

    /// <summary>Lets go what waits behind another event, or is parked.</summary>
    internal void DropWaiting()
    {
        Parked.ForEach(Drop);
        Parked.Clear();
        Retries?.Early.ForEach(early => early.Drop());
        Retries?.Early.Clear();

        // A lane holds the events of all that belongs together: each is let go where it is counted.
        Lanes.TakeWaiting().ForEach(waiting => waiting.Drop());
    }

    /// <summary>Ends the waits for a time to come. Not under a lock: what waited goes on at once, on this thread.</summary>
    internal void EndWaits() => closing.Cancel();

    /// <summary>
    /// The share of its open events that belongs to the key with most of them; 0 while its window is less than half full,
    /// since then no key is in the way of others.
    /// </summary>
    internal double HotKeyShare =>
        Tracker.Count < options.Window / 2 || Tracker.Open == 0 ? 0 : (double)Lanes.Longest / Tracker.Open;

    /// <summary>Cancels what is in flight.</summary>
    internal void Cancel() => cancelling.Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        cancelling.Dispose();
        closing.Dispose();
        Drained.Dispose();
    }
}
