namespace Sidecar.Agent.Source;

/// <summary>One assigned partition as the consume thread last saw it, for people.</summary>
/// <param name="Subscription">Whose it is.</param>
/// <param name="Topic">Its topic.</param>
/// <param name="Partition">Its number.</param>
internal sealed record PartitionView(string Subscription, string Topic, int Partition)
{
    /// <summary>When it was looked at, in milliseconds since the Unix epoch.</summary>
    public required long SeenAtMs { get; init; }

    /// <summary>The lowest offset that is not done.</summary>
    public required long Committable { get; init; }

    /// <summary>The next offset that Kafka will give out; null: the client has not heard of it yet.</summary>
    public required long? End { get; init; }

    /// <summary>The timestamp of the oldest record that is not done, in milliseconds since the Unix epoch; 0: none.</summary>
    public required long OldestMs { get; init; }

    /// <summary>Records that were received and are not done.</summary>
    public required int Open { get; init; }

    /// <summary>Deliveries in flight.</summary>
    public required int InFlight { get; init; }

    /// <summary>Events that hold up their key for good.</summary>
    public required int Parked { get; init; }

    /// <summary>Why it stands, or does not take in more; null: nothing of its own.</summary>
    public required string? Why { get; init; }
}
