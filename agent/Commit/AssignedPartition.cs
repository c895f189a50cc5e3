using Confluent.Kafka;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Commit;

/// <summary>One assigned partition as the consume thread sees it: who works on it, and what Kafka knows of its progress.</summary>
internal sealed class AssignedPartition(Dispatcher dispatcher, PartitionWorker worker, int startPartitions)
{
    /// <summary>What of the ledger Kafka has confirmed; -1: nothing yet, the start itself is to be recorded.</summary>
    public long ConfirmedVersion { get; set; } = -1;

    /// <summary>What of the ledger the commit on its way tells.</summary>
    public long SentVersion { get; set; }

    /// <summary>It is paused at the client. Kept here because resuming one that is not paused would rewind it.</summary>
    public bool Paused { get; set; }

    public Dispatcher Dispatcher { get; } = dispatcher;

    public PartitionWorker Worker { get; } = worker;

    public TopicPartition Key { get; } = new(worker.Topic, worker.Partition);

    /// <summary>How far the ledger is now.</summary>
    public Progress Progress => Dispatcher.Read(Worker, static worker => new Progress(
        worker.Tracker.Version, worker.Tracker.Committable, worker.Tracker.Open));

    /// <summary>What a commit would tell Kafka now, and the version of the ledger that it tells.</summary>
    public (long Version, PartitionOffset Offset) Snapshot()
    {
        var (version, committable, epoch, map) = Dispatcher.Read(Worker, static worker => (
            worker.Tracker.Version, worker.Tracker.Committable, worker.Tracker.LeaderEpoch, worker.Tracker.Map()));
        var metadata = map.IsEmpty && startPartitions == 0 ? "" : AckMapCodec.Encode(map, startPartitions);
        return (version, new PartitionOffset(Key.Topic, Key.Partition, committable, epoch, metadata));
    }
}

/// <summary>How far a ledger is.</summary>
/// <param name="Version">Counts up with everything that a commit would tell.</param>
/// <param name="Committable">The offset to commit.</param>
/// <param name="Open">Records that are not done.</param>
internal readonly record struct Progress(long Version, long Committable, int Open);
