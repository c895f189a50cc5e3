using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.Source;

/// <summary>
/// Keeps the partitions of retry topics from being read further ahead than they may. Its own record says what is paused.
/// On the retry reader's thread.
/// </summary>
internal sealed class RetryFlow(KafkaConsumer consumer, Dispatcher dispatcher)
{
    /// <summary>Pauses what is read far enough ahead; resumes it when half of that is done.</summary>
    public void Steer(IEnumerable<RetryPartition> partitions)
    {
        foreach (var partition in partitions.Where(partition => partition.IsScanned))
        {
            var (open, isFullOfParked) = dispatcher.Retries.ReadAhead(partition.Worker);
            var isFull = open >= RetryPartition.MaxOpen || partition.HeldBytes >= RetryPartition.MaxHeldBytes;
            var isHalfFree = open <= RetryPartition.MaxOpen / 2 && partition.HeldBytes <= RetryPartition.MaxHeldBytes / 2;
            if (!partition.Paused && (isFull || isFullOfParked))
            {
                consumer.Pause(partition.Key);
                partition.Paused = true;
            }
            else if (partition.Paused && isHalfFree && !isFullOfParked)
            {
                Resume(partition);
            }
        }
    }

    /// <summary>Reads a partition no more. The client would remember its pause, and never read it again when it comes back.</summary>
    public void LetGo(RetryPartition partition)
    {
        if (partition.Paused)
        {
            Resume(partition);
        }

        consumer.Unassign(partition.Key);
    }

    private void Resume(RetryPartition partition)
    {
        consumer.Resume(partition.Key);
        partition.Paused = false;
    }
}
