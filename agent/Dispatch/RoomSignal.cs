namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Lets the consume thread wait until one full partition has room. Expecting and signalling happen under the
/// dispatcher's lock, the wait does not.
/// </summary>
internal sealed class RoomSignal : IDisposable
{
    private readonly ManualResetEventSlim room = new();
    private PartitionWorker? awaited;

    /// <summary>Notes whose room is waited for. True: there is nothing to wait for, and why is known.</summary>
    public bool IsSettled(PartitionWorker worker)
    {
        if (worker.HasRoom || worker.Standing is not null)
        {
            return true;
        }

        awaited = worker;
        room.Reset();
        return false;
    }

    /// <summary>A worker has changed.</summary>
    public void Changed(PartitionWorker worker)
    {
        if (worker == awaited && (worker.HasRoom || worker.Standing is not null))
        {
            awaited = null;
            room.Set();
        }
    }

    /// <summary>Waits; false: there is no room in time.</summary>
    public bool Wait(TimeSpan atMost) => room.Wait(atMost);

    public void Dispose() => room.Dispose();
}
