using Confluent.Kafka;
using Sidecar.Agent.Dispatch;

namespace Sidecar.Agent.Source;

/// <summary>One partition of a retry topic while its source partition is ours. On the retry reader's thread.</summary>
internal sealed class RetryPartition(
    TopicPartition key, TimeSpan delay, StartPosition start, PartitionWorker source, PartitionWorker worker)
{
    /// <summary>
    /// Records that are read ahead of what is done. They wait in memory, so that what is due earlier is not blocked. What is
    /// parked does not count, nor what waits behind it: other keys go on, within the window.
    /// </summary>
    public const int MaxOpen = 128;

    /// <summary>The same in bytes of those that are not due yet; one record is always read.</summary>
    public const int MaxHeldBytes = 128 * 1024;

    public TopicPartition Key { get; } = key;

    public TimeSpan Delay { get; } = delay;

    /// <summary>Where it is read from, and what is done above that.</summary>
    public StartPosition Start { get; } = start;

    /// <summary>The source partition.</summary>
    public PartitionWorker Source { get; } = source;

    public PartitionWorker Worker { get; } = worker;

    /// <summary>It is read up to its end, to learn what waits; nothing is taken yet.</summary>
    public bool IsScanned { get; set; }

    /// <summary>It is paused at the client.</summary>
    public bool Paused { get; set; }

    /// <summary>The broker refused to let it be read, and has not let it since.</summary>
    public bool IsRefused { get; set; }

    /// <summary>Bytes of records that are not due yet.</summary>
    public int HeldBytes { get; set; }
}
