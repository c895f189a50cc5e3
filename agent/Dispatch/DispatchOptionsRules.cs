using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Dispatch;

/// <summary>The limits of <see cref="DispatchOptions"/>, and what its fields ask of one another.</summary>
public static class DispatchOptionsRules
{
    /// <summary>The most deliveries in flight at a time.</summary>
    public const int MaxConcurrency = 1024;

    /// <summary>The most deliveries a second that can be a limit.</summary>
    public const int MaxRateLimit = 1_000_000;

    /// <summary>The smallest window of a partition, in events.</summary>
    public const int MinWindow = 16;

    /// <summary>The largest window of a partition, in events.</summary>
    public const int MaxWindow = 100_000;

    /// <summary>The smallest window of a partition, in bytes.</summary>
    public const long MinWindowBytes = 64 * 1024;

    /// <summary>The largest window of a partition, in bytes.</summary>
    public const long MaxWindowBytes = 1024 * 1024 * 1024;

    /// <summary>The shortest delay of a resend.</summary>
    public static readonly TimeSpan MinRetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>The longest delay of a resend.</summary>
    public static readonly TimeSpan MaxRetryDelay = TimeSpan.FromHours(24);

    /// <summary>The most delays of resends: each is a topic.</summary>
    public const int MaxRetries = 8;

    /// <summary>Adds what is wrong between the fields to <paramref name="broken"/>.</summary>
    public static void Check(DispatchOptions options, DeliveryOptions delivery, ICollection<RuleBreak> broken)
    {
        // One partition must be able to use the whole concurrency, or it pauses and drops its prefetch all the time.
        // In partition order only one event of it is ever in flight.
        if (options.Ordering != Ordering.Partition && options.Window < options.Concurrency)
        {
            broken.Add(new RuleBreak(
                "window",
                "concurrency",
                $"a window of {options.Window} is smaller than the concurrency of {options.Concurrency}",
                $"Set window to {options.Concurrency} or more, or concurrency to {options.Window} or less"));
        }

        if (options.Ordering == Ordering.Partition && delivery.OnExhausted == OnExhausted.Park)
        {
            broken.Add(new RuleBreak(
                "on-exhausted",
                "ordering",
                "park holds up one key, and in the order of partitions every key waits for every other",
                "Use stop, which is the same there, or dead-letter"));
        }

        if (options.Ordering == Ordering.Partition && options.Retries.Count > 0)
        {
            broken.Add(new RuleBreak(
                "retries",
                "ordering",
                "an event that waits in a retry topic holds up its key, and in the order of partitions every key waits for every other",
                "Remove retries, or use ordering: key"));
        }
    }
}
