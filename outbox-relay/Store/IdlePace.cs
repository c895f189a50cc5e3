namespace Sidecar.OutboxRelay.Store;

/// <summary>
/// How long to wait before the next look at an idle database: a twentieth of the time since there was something,
/// between two bounds. A busy outbox is seen within milliseconds, one that was quiet for four seconds within a fifth of
/// a second. A look reads one counter in shared memory (<c>PRAGMA data_version</c>): five a second cost less than the
/// timer that wakes us for them. It works on every file system, and needs no watcher: a commit may leave no trace for
/// one, as SQLite writes to the WAL's index through a mapping.
/// </summary>
public static class IdlePace
{
    /// <summary>The shortest wait.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(5);

    /// <summary>The longest wait: what an event may wait that follows a long silence.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(200);

    private const int Share = 20;

    /// <summary>The wait after so long a silence.</summary>
    public static TimeSpan After(TimeSpan silence)
    {
        var wait = silence / Share;
        return wait < Shortest ? Shortest : wait > Longest ? Longest : wait;
    }
}
