namespace Sidecar.OutboxRelay.Wal;

/// <summary>
/// When to let the stream gather before it is read on. A server that commits rows one by one sends three packets for each,
/// and a reader that keeps up wakes for every packet: that costs ten times what the rows do.
/// </summary>
internal sealed class Gulps(TimeProvider time)
{
    /// <summary>How long the stream gathers; what it adds to the latency of a busy outbox, at the most.</summary>
    public static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(3);

    private static readonly TimeSpan Busy = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Grace = TimeSpan.FromMicroseconds(50);

    // From a full buffer it is ten times quicker than this, packet by packet ten times slower.
    private const double SlowBytesPerMicrosecond = 20;

    private long wokeAt = time.GetTimestamp();
    private long began = time.GetTimestamp();
    private long bytes;

    /// <summary>A message came. True: let the next ones gather, and then say <see cref="Gathered"/>.</summary>
    /// <param name="waited">It was not there yet when it was asked for.</param>
    /// <param name="length">Its bytes.</param>
    public bool ShouldGather(bool waited, long length)
    {
        if (waited)
        {
            var since = time.GetElapsedTime(wokeAt);
            wokeAt = began = time.GetTimestamp();
            bytes = 0;
            return since < Busy;
        }

        bytes += length;
        return time.GetElapsedTime(began) > Grace + TimeSpan.FromMicroseconds(bytes / SlowBytesPerMicrosecond);
    }

    /// <summary>The next messages have gathered.</summary>
    public void Gathered()
    {
        wokeAt = began = time.GetTimestamp();
        bytes = 0;
    }
}
