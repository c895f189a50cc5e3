namespace Sidecar.OutboxRelay.Wal;

/// <summary>Limits of reading the outbox from PostgreSQL's write-ahead log.</summary>
public sealed class WalOptions
{
    /// <summary>Rows that were received and are not yet handed on, in bytes; the server keeps the rest.</summary>
    public const int BufferBytes = 8 * 1024 * 1024;

    /// <summary>A larger row is left to the table, which can be read without it.</summary>
    public const int MaxRowBytes = 64 * 1024 * 1024;

    /// <summary>How often progress is made to move while rows come, at the most.</summary>
    public static readonly TimeSpan MarkerInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>Rows after which progress is made to move whatever the time.</summary>
    public const int MarkerRows = 5_000;

    /// <summary>How often the server is asked how much it keeps for us, and told what we have received.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>The pause before a lost stream is begun again; it doubles up to <see cref="LongestPause"/>.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause before a lost stream is begun again.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>A stream that held for this long has healed: the next pause is the first again.</summary>
    public static readonly TimeSpan HealedAfter = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Bytes of the write-ahead log that the server may have to keep for this relay. Beyond it the slot is dropped and the
    /// table is read. From 1 MiB.
    /// </summary>
    public long MaxLag { get; set; } = 1024L * 1024 * 1024;
}
