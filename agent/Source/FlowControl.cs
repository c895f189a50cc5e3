using Confluent.Kafka;
using Sidecar.Agent.Commit;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.Source;

/// <summary>
/// Keeps partitions from taking more than they may: waits a moment for room, and where that does not come, pauses the
/// partition until half of its window is free. Its own record says what is paused. On the consume thread.
/// </summary>
internal sealed class FlowControl(KafkaConsumer consumer, SourceReport report)
{
    /// <summary>The longest wait for a record, while nothing is paused or nothing moves.</summary>
    private const int IdlePollMs = 100;

    /// <summary>The shortest wait for a record while a partition is paused: room is to be noticed soon.</summary>
    private const int PausedPollMs = 5;

    /// <summary>
    /// The longest that the consume thread waits for room. A pause drops what was prefetched, which costs more than this;
    /// other partitions have their windows to live on meanwhile.
    /// </summary>
    private static readonly TimeSpan RoomWait = TimeSpan.FromMilliseconds(100);

    private int paused;
    private int pausedPollMs = PausedPollMs;
    private long completedBefore;

    /// <summary>
    /// The longest wait for the next record, in milliseconds: short while partitions are paused and events come to an end,
    /// since room follows; longer and longer while none does, as with an application that is away.
    /// </summary>
    /// <param name="completed">Events that have come to their end so far.</param>
    public int PollMs(long completed)
    {
        if (paused == 0)
        {
            return IdlePollMs;
        }

        pausedPollMs = completed == completedBefore ? Math.Min(2 * pausedPollMs, IdlePollMs) : PausedPollMs;
        completedBefore = completed;
        return pausedPollMs;
    }

    /// <summary>A partition has taken its last record for now.</summary>
    public void Full(AssignedPartition partition, string reason)
    {
        if (partition.Paused || partition.Dispatcher.WaitForRoom(partition.Worker, RoomWait))
        {
            return;
        }

        if (Succeeds(() => consumer.Pause(partition.Key)))
        {
            partition.Paused = true;
            paused++;
            report.Paused(partition, reason);
        }
    }

    /// <summary>Resumes every paused partition that has room again.</summary>
    public void Resume(IEnumerable<AssignedPartition> assigned)
    {
        paused = 0;
        foreach (var partition in assigned)
        {
            if (!partition.Paused)
            {
                continue;
            }

            if (partition.Dispatcher.Read(partition.Worker, static worker => worker.HalfFree)
                && Succeeds(() => consumer.Resume(partition.Key)))
            {
                partition.Paused = false;
                continue;
            }

            paused++;
        }
    }

    /// <summary>Undoes the pause of partitions that are about to go: the client would remember it.</summary>
    public void Release(IEnumerable<AssignedPartition> leaving)
    {
        foreach (var partition in leaving.Where(partition => partition.Paused))
        {
            partition.Paused = !Succeeds(() => consumer.Resume(partition.Key));
        }
    }

    /// <summary>Pauses everything: the agent stops.</summary>
    public void PauseAll(IEnumerable<AssignedPartition> assigned)
    {
        foreach (var partition in assigned.Where(partition => !partition.Paused))
        {
            partition.Paused = Succeeds(() => consumer.Pause(partition.Key));
        }
    }

    /// <summary>A partition that was just taken away can be neither paused nor resumed; its next owner starts afresh.</summary>
    private static bool Succeeds(Action steer)
    {
        try
        {
            steer();
            return true;
        }
        catch (KafkaException)
        {
            return false;
        }
    }
}
