using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.Commit;

/// <summary>
/// Stage 7: reads the ledgers and tells Kafka, on the consume thread. At most one commit is on its way; a commit that fails
/// is sent again with whatever is true then. It never computes an offset: the ledger's word is taken once per commit.
/// </summary>
internal sealed class OffsetCommitter(
    KafkaConsumer consumer, CommitOptions options, CommitReport report, ILogger<OffsetCommitter> logger, TimeProvider time)
{
    /// <summary>After this time an answer is no longer expected; the client itself gives up earlier.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Kafka forgets an offset of a topic that the group has not subscribed to, as a retry topic, some days after it was
    /// committed: so it is committed again now and then, whether or not it has changed.
    /// </summary>
    private static readonly TimeSpan RenewInterval = TimeSpan.FromHours(1);

    private readonly List<AssignedPartition> onItsWay = [];
    private long lastRenewed = time.GetTimestamp();
    private long lastSent = time.GetTimestamp();
    private long completedAtLastSent;
    private bool waitsForAnswer;

    /// <summary>Sends a commit if one is due: by time, by completions, or because nothing is left to do.</summary>
    /// <param name="assigned">All partitions that are ours now.</param>
    /// <param name="completed">Events that have ended since the start.</param>
    public void Tick(IReadOnlyCollection<AssignedPartition> assigned, long completed)
    {
        if (assigned.Count == 0 || (waitsForAnswer && time.GetElapsedTime(lastSent) < AnswerTimeout))
        {
            return;
        }

        var due = time.GetElapsedTime(lastSent) >= options.Interval || completed - completedAtLastSent >= options.Completions;
        var renews = time.GetElapsedTime(lastRenewed) >= RenewInterval;
        lastRenewed = renews ? time.GetTimestamp() : lastRenewed;
        var idle = true;
        var dirty = new List<AssignedPartition>();
        foreach (var partition in assigned)
        {
            var progress = partition.Progress;
            idle &= progress.Open == 0;
            partition.ConfirmedVersion = renews && partition.HasRetries ? -1 : partition.ConfirmedVersion;
            if (progress.Version != partition.ConfirmedVersion)
            {
                dirty.Add(partition);
            }
        }

        if (dirty.Count > 0 && (due || idle))
        {
            completedAtLastSent = completed;
            Send(dirty);
        }
    }

    /// <summary>Kafka's answer to the commit on its way; called from poll.</summary>
    public void Answered(Error error)
    {
        waitsForAnswer = false;
        if (error.IsError)
        {
            Failed(error.Code);
            return;
        }

        foreach (var partition in onItsWay)
        {
            partition.ConfirmedVersion = partition.SentVersion;
        }

        report.Committed();
    }

    /// <summary>Commits these partitions and waits for the answer: they are about to be given away.</summary>
    /// <param name="partitions">The partitions; what is no longer among them the next time is left out then.</param>
    /// <param name="again">
    /// Asked after a refusal for the sake of a rebalance under way, in which the partitions may well stay ours: whether to try
    /// once more. Null: never.
    /// </param>
    public void CommitNow(IReadOnlyCollection<AssignedPartition> partitions, Func<bool>? again = null)
    {
        List<PartitionOffset> dirty;
        ErrorCode error;
        do
        {
            dirty = [.. partitions.Where(p => p.Progress.Version != p.ConfirmedVersion).SelectMany(p => p.Snapshot().Offsets)];
            error = dirty.Count == 0 ? ErrorCode.NoError : consumer.CommitNow(dirty);
            if (error != ErrorCode.NoError)
            {
                Failed(error);
            }
        }
        while (error is ErrorCode.IllegalGeneration or ErrorCode.RebalanceInProgress && again?.Invoke() == true);

        if (error == ErrorCode.NoError)
        {
            if (dirty.Count > 0)
            {
                report.Committed();
            }

            return;
        }

        foreach (var offset in dirty)
        {
            Log.NotCommitted(logger, offset.Topic, offset.Partition, offset.Offset, error);
        }
    }

    private void Send(List<AssignedPartition> dirty)
    {
        onItsWay.Clear();
        var offsets = new List<PartitionOffset>(dirty.Count);
        foreach (var partition in dirty)
        {
            var (version, told) = partition.Snapshot();
            partition.SentVersion = version;
            offsets.AddRange(told);
            onItsWay.Add(partition);
        }

        lastSent = time.GetTimestamp();
        var error = consumer.CommitLater(offsets);
        waitsForAnswer = error == ErrorCode.NoError;
        if (!waitsForAnswer)
        {
            Failed(error);
        }
    }

    private void Failed(ErrorCode error) => report.Failed(error);
}
