namespace Sidecar.Agent.Commit;

/// <summary>When progress is told to Kafka. It is also told at once when idle, on revoke and on stop.</summary>
public sealed class CommitOptions
{
    /// <summary>The longest time between a completed event and the commit that covers it. 10 ms to 1 min.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Completed events after which a commit is sent before the interval has passed. 1 to 1,000,000.</summary>
    public int Completions { get; set; } = 5000;
}
