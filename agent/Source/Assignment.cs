using Confluent.Kafka;
using Sidecar.Agent.Commit;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Source;

/// <summary>
/// The partitions that are ours, from the moment Kafka gives them until it takes them. All of it runs on the consume
/// thread; the handlers run within a poll, and no exception may leave them, since nobody there would rethrow it.
/// </summary>
internal sealed class Assignment(
    TopicRoutes routes, StartPositions positions, OffsetCommitter committer, SourceReport report, SourceOptions options)
    : IDisposable
{
    /// <summary>Time between two tries to read the group's offsets.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<TopicPartition, AssignedPartition> assigned = [];
    private readonly HashSet<TopicPartition> strangers = [];
    private readonly ManualResetEventSlim stopping = new();

    /// <summary>All partitions that are ours now.</summary>
    public IReadOnlyCollection<AssignedPartition> All => assigned.Values;

    /// <summary>The agent stops: what cannot be found out now is not waited for. From any thread.</summary>
    public void Stop() => stopping.Set();

    /// <summary>A partition that is ours; null: it is not, and nothing may be noted of its records.</summary>
    public AssignedPartition? Find(string topic, int partition) =>
        assigned.GetValueOrDefault(new TopicPartition(topic, partition));

    /// <summary>The partitions of one subscription.</summary>
    public List<AssignedPartition> Of(TopicRoute route) =>
        [.. assigned.Values.Where(partition => partition.Dispatcher == route.Dispatcher)];

    /// <summary>Partitions of its topics were given to us after nobody here took them any more, and are still ours.</summary>
    public bool HasStrangers(TopicRoute route) => strangers.Any(partition => route.Topics.Contains(partition.Topic));

    /// <summary>Kafka gives partitions. Returns where each is read from.</summary>
    public IEnumerable<TopicPartitionOffset> Assign(IReadOnlyList<TopicPartition> given)
    {
        report.HasShare();
        var partitions = given.Where(partition => routes.IsOpen(partition.Topic)).ToList();
        var others = given.Except(partitions).ToList();
        strangers.UnionWith(others);
        return [.. Begin(partitions), .. NotBegun(others)];
    }

    private List<TopicPartitionOffset> Begin(List<TopicPartition> partitions)
    {
        if (stopping.IsSet)
        {
            return NotBegun(partitions);
        }

        Dictionary<TopicPartition, StartPosition> found;
        while (!positions.TryFind(partitions, routes.StartOf, out found, out var reason))
        {
            // Without its committed offset a partition cannot be begun; the heartbeat goes on meanwhile.
            report.WaitsForOffsets(reason);
            if (stopping.Wait(RetryPause))
            {
                return NotBegun(partitions);
            }
        }

        report.HasOffsets();
        var begun = partitions.Select(partition => Begin(partition, found[partition])).ToList();
        report.Assigned(found);
        return begun;
    }

    /// <summary>
    /// Kafka takes partitions back: nothing more is handed out, what is in flight may end within the revoke time-out,
    /// what is done is committed, and then they are let go.
    /// </summary>
    public void Revoke(IEnumerable<TopicPartition> partitions)
    {
        var revoked = Take(partitions);
        Drain(revoked, options.RevokeTimeout);
        committer.CommitNow(revoked);
        Forget(revoked, SourceReport.Revoked);
    }

    /// <summary>Kafka has given the partitions to someone else already: nothing is committed.</summary>
    public void Lose(IEnumerable<TopicPartition> partitions) => Forget(Take(partitions), SourceReport.Lost);

    public void Dispose() => stopping.Dispose();

    /// <summary>Everything in flight has ended.</summary>
    public bool IsDrained => assigned.Values.All(partition => partition.Worker.Drained.IsSet);

    /// <summary>Hands out nothing of these partitions any more; what is in flight goes on.</summary>
    public void Close(IReadOnlyCollection<AssignedPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            partition.Dispatcher.Close(partition.Worker);
        }
    }

    /// <summary>Closes partitions and waits for what is in flight; they stay ours until Kafka takes them.</summary>
    public void Drain(IReadOnlyCollection<AssignedPartition> partitions, TimeSpan atMost)
    {
        Close(partitions);
        var deadline = report.Now + atMost;
        foreach (var partition in partitions)
        {
            var left = deadline - report.Now;
            if (!partition.Worker.Drained.Wait(left > TimeSpan.Zero ? left : TimeSpan.Zero))
            {
                report.CutShort(partition, partition.Progress);
            }
        }
    }

    /// <summary>Lets everything go, after the last commit; what is still in flight is cancelled.</summary>
    public void LetGo() => Forget(Take([.. assigned.Keys]), SourceReport.LetGo);

    // Nothing of them is noted: their records are let go, and the next owner starts where they stand.
    private static List<TopicPartitionOffset> NotBegun(IReadOnlyList<TopicPartition> partitions) =>
        [.. partitions.Select(partition => new TopicPartitionOffset(partition, Offset.End))];

    private TopicPartitionOffset Begin(TopicPartition partition, StartPosition start)
    {
        var dispatcher = routes.DispatcherOf(partition.Topic);
        var tracker = new PartitionTracker(start.Offset, start.Done);
        var worker = dispatcher.Open(partition.Topic, partition.Partition.Value, tracker);
        assigned[partition] = new AssignedPartition(dispatcher, worker, start.StartPartitions)
        {
            ConfirmedVersion = start.IsRecorded ? 0 : -1,
        };
        routes.Of(partition.Topic).Retries?.Add(worker);
        return start.LeaderEpoch < 0
            ? new TopicPartitionOffset(partition, start.Offset)
            : new TopicPartitionOffset(partition, start.Offset, start.LeaderEpoch);
    }

    private List<AssignedPartition> Take(IEnumerable<TopicPartition> partitions)
    {
        var taken = new List<AssignedPartition>();
        foreach (var partition in partitions)
        {
            strangers.Remove(partition);
            if (assigned.Remove(partition, out var ours))
            {
                routes.Of(partition.Topic).Retries?.Remove(ours.Worker);
                taken.Add(ours);
            }
        }

        return taken;
    }

    private void Forget(List<AssignedPartition> partitions, string why)
    {
        foreach (var partition in partitions)
        {
            partition.Dispatcher.Close(partition.Worker);
            partition.Dispatcher.Forget(partition.Worker);
        }

        report.Gone(partitions, why);
    }
}
