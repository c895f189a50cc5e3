namespace Sidecar.Agent.DeadLetter;

/// <summary>Where the events of one subscription go that nobody could handle, as a topic of our own.</summary>
public sealed class DeadLetterOptions
{
    /// <summary>The dead-letter topic; by default <c>group.subscription.dlq</c>.</summary>
    public string Topic { get; set; } = "";

    /// <summary>A topic of the agent's own that is absent may be created.</summary>
    public bool CreateTopics { get; set; } = true;
}

/// <summary>How many dead letters are a storm. Both null: nothing is.</summary>
/// <param name="PerMinute">More than this many within a minute; null: any number. 1 to 1,000,000.</param>
/// <param name="SharePercent">
/// More than this share of the last <see cref="StormLimit.SharedOver"/> events that ended; null: any share. 1 to 99.
/// </param>
public readonly record struct StormThreshold(int? PerMinute, int? SharePercent)
{
    /// <summary>The most letters a minute that can be named.</summary>
    public const int MaxPerMinute = 1_000_000;

    /// <summary>An application that refuses nearly everything is broken; one that refuses half may be meant so.</summary>
    public static StormThreshold Default { get; } = new(null, 90);
}
