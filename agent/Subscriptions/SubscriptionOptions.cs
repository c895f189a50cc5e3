using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Health;
using Sidecar.Agent.Source;

namespace Sidecar.Agent.Subscriptions;

/// <summary>One subscription as it is in force: which topics, and how their events are delivered.</summary>
public sealed class SubscriptionOptions
{
    /// <summary>Its name: lower-case letters, digits and dashes, at most 30.</summary>
    public string Name { get; set; } = "";

    /// <summary>The topics; at least one, and none that another subscription has.</summary>
    public IReadOnlyList<string> Topics { get; set; } = [];

    /// <summary>Where the group starts in a topic that it has never read.</summary>
    public StartAt Start { get; set; } = StartAt.Earliest;

    /// <summary>How its application is asked whether it is well.</summary>
    public HealthSetting Health { get; set; } = HealthSetting.Default;

    /// <summary>Why nothing of it is delivered, which may be empty; null: it is delivered.</summary>
    public string? Paused { get; set; }

    /// <summary>How each event is delivered.</summary>
    public DeliveryOptions Delivery { get; } = new();

    /// <summary>How many events at a time, and in which order.</summary>
    public DispatchOptions Dispatch { get; } = new();

    /// <summary>Where its events go that nobody could handle.</summary>
    public DeadLetterOptions DeadLetter { get; } = new();
}
