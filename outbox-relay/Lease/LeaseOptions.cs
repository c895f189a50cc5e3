namespace Sidecar.OutboxRelay.Lease;

/// <summary>How long a relay may be silent before another takes over.</summary>
public sealed class LeaseOptions
{
    /// <summary>The length of the lease; it is renewed after a third of it. 500 ms to 10 min.</summary>
    public TimeSpan Length { get; set; } = TimeSpan.FromSeconds(5);
}
