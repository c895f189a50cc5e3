namespace Sidecar.Agent.Health;

/// <summary>
/// Whether a subscription takes part in the group: not before its application has been well, and not while it is unhealthy
/// for longer than `leave-after` allows, so that other pods have its partitions. Pure.
/// </summary>
/// <param name="leaveAfter">How long it may be unhealthy; null: for ever.</param>
internal sealed class Membership(TimeSpan? leaveAfter)
{
    /// <summary>It takes part.</summary>
    public bool IsIn { get; private set; }

    /// <summary>Takes what is known now. True: <see cref="IsIn"/> has changed.</summary>
    public bool Follow(in HealthView health, TimeSpan now)
    {
        var wants = health.IsUp == true || (IsIn && !(leaveAfter is { } limit && now - health.Since >= limit));
        var turned = wants != IsIn;
        IsIn = wants;
        return turned;
    }
}
