using Sidecar.Agent.Dispatch;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>Events that were read from retry topics and are not due, as the retry reader holds them.</summary>
internal sealed class HeldUntilDue
{
    private readonly PriorityQueue<QueuedEvent, (long DueMs, long Offset)> held = new();

    public void Add(QueuedEvent queued, long dueMs) => held.Enqueue(queued, (dueMs, queued.Record.Position.Offset));

    public void Clear() => held.Clear();

    public void LetGo(Dispatcher dispatcher, long nowMs)
    {
        while (held.TryPeek(out var queued, out var due) && due.DueMs <= nowMs)
        {
            held.Dequeue();
            dispatcher.Retries.Due(queued);
        }
    }
}
