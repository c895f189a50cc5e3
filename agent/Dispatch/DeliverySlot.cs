using System.Threading.Tasks.Sources;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// One place for a delivery in flight. It waits for its next event without allocating: its own source of the awaited
/// value, used again for every wait.
/// </summary>
internal sealed class DeliverySlot : IValueTaskSource<QueuedEvent?>
{
    private ManualResetValueTaskSourceCore<QueuedEvent?> source = new() { RunContinuationsAsynchronously = true };

    /// <summary>A wait that ends with <see cref="Give"/>.</summary>
    public ValueTask<QueuedEvent?> WaitAsync()
    {
        source.Reset();
        return new ValueTask<QueuedEvent?>(this, source.Version);
    }

    /// <summary>Ends the wait with an event, or with null: there will be none.</summary>
    public void Give(QueuedEvent? queued) => source.SetResult(queued);

    QueuedEvent? IValueTaskSource<QueuedEvent?>.GetResult(short token) => source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<QueuedEvent?>.GetStatus(short token) => source.GetStatus(token);

    void IValueTaskSource<QueuedEvent?>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        source.OnCompleted(continuation, state, token, flags);
}
