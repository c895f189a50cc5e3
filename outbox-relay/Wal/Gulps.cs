using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Wal;

/// <summary>
/// When to let the stream gather before it is read on, and for how long. A server that commits rows one by one sends three
/// packets for each, and a reader that keeps up wakes for every packet: where rows are many, that costs ten times what they
/// do. Where they are few it saves nothing to wait.
/// </summary>
internal sealed class Gulps(TimeProvider time)
{
    private static readonly TimeSpan Busy = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Grace = TimeSpan.FromMicroseconds(50);

    // From a full buffer it is ten times quicker than this, packet by packet ten times slower.
    private const double SlowBytesPerMicrosecond = 20;

    private readonly RowRate rate = new(time);
    private long wokeAt = time.GetTimestamp();
    private long began = time.GetTimestamp();
    private long bytes;

    /// <summary>A message came. Let the next ones gather for so long, and then say <see cref="Gathered"/>; zero: read on.</summary>
    /// <param name="waited">It was not there yet when it was asked for.</param>
    /// <param name="length">Its bytes.</param>
    public TimeSpan Breath(bool waited, long length) =>
        ShouldGather(waited, length) && rate.AreMany ? RowRate.Spacing : TimeSpan.Zero;

    /// <summary>The message was a row.</summary>
    public void WasRow() => rate.Add(1);

    /// <summary>The next messages have gathered.</summary>
    public void Gathered()
    {
        wokeAt = began = time.GetTimestamp();
        bytes = 0;
    }

    private bool ShouldGather(bool waited, long length)
    {
        if (waited)
        {
            var since = time.GetElapsedTime(wokeAt);
            Gathered();
            return since < Busy;
        }

        bytes += length;
        return time.GetElapsedTime(began) > Grace + TimeSpan.FromMicroseconds(bytes / SlowBytesPerMicrosecond);
    }
}
