using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Store;

/// <summary>Which database, and how much of it is read at a time.</summary>
public sealed class StoreOptions
{
    /// <summary>The SQLite file that the application writes to. Empty: another database.</summary>
    public string SqlitePath { get; set; } = "";

    /// <summary>The PostgreSQL database, as it was given: it may hold a password. Empty: another database.</summary>
    public string Postgres { get; set; } = "";

    /// <summary>A file that holds it, read at each connecting, so that a password may change. Empty: none.</summary>
    public string PostgresFile { get; set; } = "";

    /// <summary>The outbox is in PostgreSQL.</summary>
    public bool IsPostgres => Postgres.Length > 0 || PostgresFile.Length > 0;

    /// <summary>Rows come from PostgreSQL's write-ahead log where that can be had, and from the table otherwise.</summary>
    public bool ReadsWal { get; set; }

    /// <summary>Bytes of the write-ahead log that the server may keep for this relay. 1 MiB to 1 TiB.</summary>
    public long WalMaxLag { get; set; } = 1024L * 1024 * 1024;

    /// <summary>The longest that one statement waits for another writer. 10 ms to 1 min.</summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The most rows in one window. At most two windows are under way. 1 to 100,000.</summary>
    public int WindowRows { get; set; } = 500;

    /// <summary>
    /// Bytes after which a window takes no further row; the last row may go beyond. 64 KiB to 256 MiB.
    /// </summary>
    public int WindowBytes { get; set; } = 2 * 1024 * 1024;

    /// <summary>What becomes of the key of a refused row; the same as the publisher's.</summary>
    public OnRefused OnRefused { get; set; } = OnRefused.Hold;
}
