using Sidecar.OutboxRelay.Lease;
using Sidecar.OutboxRelay.Publish;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay;

/// <summary>Everything that the line is configured with; each part stands beside what it configures.</summary>
public sealed class RelayOptions
{
    public StoreOptions Store { get; set; } = new();

    public PublishOptions Publish { get; set; } = new();

    public LeaseOptions Lease { get; set; } = new();
}
