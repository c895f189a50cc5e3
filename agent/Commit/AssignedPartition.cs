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

    /// <summary>It has retry partitions, whose ledgers are committed with its own.</summary>
    public bool HasRetries => Worker.Retries is not null;

    /// <summary>How far its ledgers are now.</summary>
    public Progress Progress => Dispatcher.Read(Worker, static worker => new Progress(
        VersionOf(worker), worker.Tracker.Committable, worker.Tracker.Open));

    /// <summary>
    /// What a commit would tell Kafka now, and the version of the ledgers that it tells. All ledgers are read at one moment:
    /// otherwise a commit could say that an event is done, and not that an earlier one of its key is.
    /// </summary>
    public (long Version, List<PartitionOffset> Offsets) Snapshot()
    {
        var (version, ledgers) = Dispatcher.Read(Worker, static worker => (VersionOf(worker), worker.Kin.Select(Ledger.Of).ToList()));
        return (version, ledgers.Select((ledger, index) => ledger.ToOffset(index == 0 ? startPartitions : 0)).ToList());
    }

    /// <summary>Each ledger counts besides what it says, so that one that was just opened is told of.</summary>
    private static long VersionOf(PartitionWorker worker) => worker.Kin.Sum(kin => kin.Tracker.Version + 1) - 1;

    /// <summary>What one ledger says.</summary>
    private readonly record struct Ledger(string Topic, int Partition, long Committable, int Epoch, AckMap Map)
    {
        public static Ledger Of(PartitionWorker worker) => new(
            worker.Topic, worker.Partition, worker.Tracker.Committable, worker.Tracker.LeaderEpoch, worker.Tracker.Map());

        public PartitionOffset ToOffset(int startPartitions)
        {
            var metadata = Map.IsEmpty && startPartitions == 0 ? "" : AckMapCodec.Encode(Map, startPartitions);
            return new PartitionOffset(Topic, Partition, Committable, Epoch, metadata);
        }
    }
}

/// <summary>How far a ledger is.</summary>
/// <param name="Version">Counts up with everything that a commit would tell.</param>
/// <param name="Committable">The offset to commit.</param>
/// <param name="Open">Records that are not done.</param>
internal readonly record struct Progress(long Version, long Committable, int Open);
