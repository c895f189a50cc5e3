using System.Text.Json.Serialization;

namespace Sidecar.Agent.Operating;

/// <summary>What a running agent is at, as <c>agent status --output json</c> prints it. Fields may be added.</summary>
/// <param name="Group">The consumer group.</param>
/// <param name="Waits">Everything that is waited for, as "what: why".</param>
/// <param name="Subscriptions">In the order of their names.</param>
public sealed record StatusDocument(string Group, IReadOnlyList<string> Waits, IReadOnlyList<SubscriptionStatus> Subscriptions)
{
    /// <summary>What is in force of what is written; null from an agent that does not say.</summary>
    public ConfigurationStatus? Configuration { get; init; }
}

/// <summary>What is in force of what is written.</summary>
/// <param name="Since">When the configuration in force was taken over; null: the agent has not looked yet.</param>
/// <param name="Errors">Why what is written now is not in force, and the last good configuration is; empty: it is.</param>
/// <param name="NeedRestart">Settings that were edited and will be in force after a restart.</param>
public sealed record ConfigurationStatus(DateTimeOffset? Since, IReadOnlyList<string> Errors, IReadOnlyList<string> NeedRestart);

/// <summary>One subscription.</summary>
/// <param name="Name">Its name.</param>
/// <param name="App">Where its application listens.</param>
/// <param name="Health">up, down, unknown; off: nobody asks.</param>
/// <param name="Breaker">closed, open, halfopen or ramping.</param>
/// <param name="InFlight">Deliveries in flight.</param>
/// <param name="Limit">Deliveries that may be.</param>
/// <param name="RetriesWaiting">Retries that wait for the retry budget.</param>
/// <param name="Pauses">Who paused it, and why; empty: nobody.</param>
/// <param name="Why">Why nothing of it is delivered; null: nothing is in the way of all of it.</param>
/// <param name="Partitions">Those assigned to this agent.</param>
public sealed record SubscriptionStatus(
    string Name, string App, string Health, string Breaker, int InFlight, int Limit, int RetriesWaiting,
    IReadOnlyList<Pause> Pauses, string? Why, IReadOnlyList<PartitionStatus> Partitions);

/// <summary>One partition, as it was at most a second ago.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Partition">Its number.</param>
/// <param name="Committable">The lowest offset that is not done: what is or will be committed.</param>
/// <param name="End">The next offset that Kafka will give out; null: not known yet.</param>
/// <param name="Lag">Records that Kafka has and that are not done; null: not known yet.</param>
/// <param name="LagSeconds">The age of the oldest record that was received and is not done; 0: there is none.</param>
/// <param name="Oldest">The timestamp of that record; null: there is none, or it has none.</param>
/// <param name="Open">Records that were received and are not done.</param>
/// <param name="InFlight">Deliveries in flight.</param>
/// <param name="Parked">Events that came to their end and hold up their key.</param>
/// <param name="Why">Why it stands, or moves with difficulty; null: nothing is in its way.</param>
public sealed record PartitionStatus(
    string Topic, int Partition, long Committable, long? End, long? Lag, long LagSeconds, DateTimeOffset? Oldest, int Open,
    int InFlight, int Parked, string? Why);

/// <summary>What a person asks of a subscription.</summary>
/// <param name="Subscription">Its name.</param>
/// <param name="Who">Who asks.</param>
/// <param name="Reason">Why.</param>
public sealed record PauseRequest(string? Subscription, string? Who, string? Reason);

/// <summary>What became of it.</summary>
/// <param name="Done">It was done.</param>
/// <param name="Text">What was done, or why it was not.</param>
public sealed record PauseAnswer(bool Done, string Text);

/// <summary>How the admin port writes and reads JSON.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(PauseRequest))]
[JsonSerializable(typeof(PauseAnswer))]
public sealed partial class OperatingJson : JsonSerializerContext;
