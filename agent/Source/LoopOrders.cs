namespace Sidecar.Agent.Source;

/// <summary>What others ask of the consume loop: to drain, and to end. Any thread may ask, again and again.</summary>
internal sealed class LoopOrders : IDisposable
{
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim stopped = new();
    private volatile bool draining;

    /// <summary>Nobody has asked for an end of any kind.</summary>
    public bool IsInService => !draining && !stopped.IsSet;

    /// <summary>The agent is to leave the group and to live on.</summary>
    public bool IsDrain => draining && !stopped.IsSet;

    /// <summary>Ends when the group has been left because of a drain.</summary>
    public Task Drained => drained.Task;

    public void Drain() => draining = true;

    public void Stop() => stopped.Set();

    /// <summary>The group is left.</summary>
    public void HasDrained() => drained.TrySetResult();

    /// <summary>Waits for <see cref="Stop"/>, at most for the time given. True: it has come.</summary>
    public bool WaitForStop(TimeSpan atMost) => stopped.Wait(atMost);

    public void Dispose() => stopped.Dispose();
}
