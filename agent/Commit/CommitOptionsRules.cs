namespace Sidecar.Agent.Commit;

/// <summary>The limits of <see cref="CommitOptions"/>. Its two fields ask nothing of one another.</summary>
public static class CommitOptionsRules
{
    /// <summary>The most completed events between two commits.</summary>
    public const int MaxCompletions = 1_000_000;

    /// <summary>The shortest time between two commits.</summary>
    public static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>The longest time between two commits.</summary>
    public static readonly TimeSpan MaxInterval = TimeSpan.FromMinutes(1);
}
