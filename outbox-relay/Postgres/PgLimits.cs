namespace Sidecar.OutboxRelay.Postgres;

/// <summary>What is fixed, and why it is enough.</summary>
internal static class PgLimits
{
    /// <summary>The most lanes that an outbox can have: <c>outbox.config.buckets</c> is at most this.</summary>
    public const int MaxBuckets = 1024;

    /// <summary>Chunks that are handed out and not settled: more than the line ever has under way.</summary>
    public const int Chunks = 8;

    /// <summary>Rows that are settled and not written, after which progress is written: what a crash repeats at most.</summary>
    public const int CheckpointRows = 5000;

    /// <summary>The age of the oldest settled row that is not written, after which progress is written.</summary>
    public static readonly TimeSpan CheckpointEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Dead lane rows above which progress is written less often: somebody's old snapshot keeps them from being removed,
    /// and each write leaves one for each lane it touches.
    /// </summary>
    public const long DeadLaneRows = 2000;

    /// <summary>As <see cref="CheckpointEvery"/>, while there are that many.</summary>
    public static readonly TimeSpan CheckpointEveryWhileBloated = TimeSpan.FromSeconds(2);

    /// <summary>How often also lanes are written in which no row was settled, once one was in others or ids were given out.</summary>
    public static readonly TimeSpan WriteAllEvery = TimeSpan.FromSeconds(5);

    /// <summary>Reads that find nothing before the line is told so, while lanes still catch up with each other.</summary>
    public const int EmptyReads = 16;

    /// <summary>Parts of the ledger, so that relays do not wait for each other.</summary>
    public const int LedgerParts = 8;
}
