namespace Sidecar.Agent.Dispatch;

/// <summary>The memory that the events of all subscriptions may hold together. Any thread may take and give back.</summary>
public sealed class BufferBudget(long limit)
{
    private long held;

    /// <summary>Bytes held now.</summary>
    public long Held => Volatile.Read(ref held);

    /// <summary>Nothing more should be taken. What is already on its way still may be: the limit bends, by one poll.</summary>
    public bool IsFull => Held >= limit;

    /// <summary>Half of it is free again.</summary>
    public bool HalfFree => Held <= limit / 2;

    /// <summary>Takes memory for an event.</summary>
    public void Take(int bytes) => Interlocked.Add(ref held, bytes);

    /// <summary>Gives it back.</summary>
    public void Give(int bytes) => Interlocked.Add(ref held, -bytes);
}
