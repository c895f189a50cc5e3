namespace Sidecar.OutboxRelay.Wal;

/// <summary>
/// What was received and is not yet handed on, in order, bounded by bytes: one end is the stream's, the other the line's.
/// One lock.
/// </summary>
/// <param name="maxBytes">No further row is let in above this; one row may go beyond.</param>
public sealed class WalBuffer(long maxBytes)
{
    /// <summary>What an item counts beside the bytes of its row.</summary>
    public const int ItemBytes = 200;

    private readonly Lock gate = new();
    private readonly Queue<WalItem> items = new();
    private TaskCompletionSource? room;
    private TaskCompletionSource? news;
    private long bytes;

    /// <summary>Bytes that it holds.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
            {
                return bytes;
            }
        }
    }

    /// <summary>
    /// Puts an item at the end. Done when there is room for the next one: only then may that be put. Who waits is told of
    /// it with the next <see cref="Tell"/>, or once a quarter is full: woken for the first of many, it would take that alone.
    /// </summary>
    public Task PutAsync(WalItem item)
    {
        lock (gate)
        {
            items.Enqueue(item);
            bytes += BytesOf(item);
            if (bytes >= maxBytes / 4)
            {
                Tell_NeedsLock();
            }

            if (bytes < maxBytes)
            {
                return Task.CompletedTask;
            }

            room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return room.Task;
        }
    }

    /// <summary>Takes the first item; with <paramref name="onlyMarkers"/>, only where that is a marker.</summary>
    public bool TryTake(bool onlyMarkers, out WalItem item)
    {
        lock (gate)
        {
            if (!items.TryPeek(out item) || (onlyMarkers && item.Marker is null))
            {
                return false;
            }

            items.Dequeue();
            bytes -= BytesOf(item);
            if (room is not null && bytes < maxBytes / 2)
            {
                room.TrySetResult();
                room = null;
            }

            return true;
        }
    }

    /// <summary>Done when there is something; at once where there is already.</summary>
    public Task WhenAny()
    {
        lock (gate)
        {
            if (items.Count > 0)
            {
                return Task.CompletedTask;
            }

            news ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return news.Task;
        }
    }

    /// <summary>Nothing more comes for now, or at all: who waits for something goes on.</summary>
    public void Tell()
    {
        lock (gate)
        {
            Tell_NeedsLock();
        }
    }

    private void Tell_NeedsLock()
    {
        news?.TrySetResult();
        news = null;
    }

    private static long BytesOf(WalItem item) => ItemBytes + (item.Row?.Row.StoredBytes ?? 0);
}
