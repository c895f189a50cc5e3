namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Lets the consume thread wait until one full partition has room. Expecting and signalling happen under the
/// dispatcher's lock, the wait does not.
/// </summary>
internal sealed class RoomSignal : IDisposable
{
    private readonly ManualResetEventSlim room = new();
    private PartitionWorker? awaited;

    /// <summary>Waits until a full partition has room, at most for the time given; false: it has none.</summary>
    public bool Wait(PartitionWorker worker, Lock guard, TimeSpan atMost)
    {
        lock (guard)
        {
            if (worker.HasRoom || worker.Standing is not null)
            {
                return worker.HasRoom;
            }

            awaited = worker;
            room.Reset();
        }

        return room.Wait(atMost);
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

    public void Dispose() => room.Dispose();
}
