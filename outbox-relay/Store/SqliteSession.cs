using Microsoft.Data.Sqlite;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Store;

/// <summary>One connection, what is prepared on it, and how far the line has read.</summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly SqliteCommand version;
    private readonly SqliteCommand returns;
    private readonly SqliteWindow window;
    private readonly SqliteSettlement settlement;
    private long epoch;
    private long readTo;
    private long underWay;
    private long seenReturns;

    public SqliteSession(SqliteConnection connection, StoreOptions options, string outboxId, long now)
    {
        this.connection = connection;
        version = SqliteLease.Prepare(connection, "PRAGMA data_version");
        returns = SqliteReturns.Reader(connection);
        OutboxId = outboxId;
        LastLook = LastRows = now;
        Lease = new SqliteLease(connection);
        window = new SqliteWindow(connection, options);
        settlement = new SqliteSettlement(connection, Lease);
    }

    public SqliteLease Lease { get; }

    public string OutboxId { get; }

    public long SeenVersion { get; set; }

    public long LastRows { get; set; }

    public long LastLook { get; set; }

    /// <summary>Changes with every commit of another connection, and with none of ours.</summary>
    public long Version() => (long)version.ExecuteScalar()!;

    /// <summary>The lease was taken in this epoch: nothing has been read under it.</summary>
    public void Begin(long newEpoch) => (epoch, readTo, underWay) = (newEpoch, 0, 0);

    /// <summary>
    /// The next rows. Where held rows have gone back into the line, the read begins again at the first row, once nothing is
    /// under way; until then there are none, so that no row of a key passes those that came back.
    /// </summary>
    public List<OutboxRow> Read(bool fromStart, IReadOnlyCollection<string> waitingTopics, long maxPartBytes)
    {
        if (!fromStart && readTo > 0)
        {
            var (next, end) = window.Read(new WindowStart(readTo, epoch), waitingTopics, maxPartBytes);

            // Asked for after the read: where it is what it was, nothing had come back when these rows were read.
            if ((long)returns.ExecuteScalar()! == seenReturns)
            {
                readTo = end;
                underWay += next.Count;
                return next;
            }

            if (underWay > 0)
            {
                return [];
            }
        }

        // And before it here: what comes back from now on is seen at the next read.
        seenReturns = (long)returns.ExecuteScalar()!;
        (var rows, readTo) = window.Read(new WindowStart(0, epoch), waitingTopics, maxPartBytes);
        underWay = rows.Count;
        return rows;
    }

    /// <summary>False: the lease is another's, and nothing was changed.</summary>
    public bool Settle(Fence fence, TimeSpan length, Settlement what)
    {
        var written = settlement.Write(fence, length, what);
        underWay = written ? Math.Max(0, underWay - what.Done.Count - what.Held.Count) : underWay;
        return written;
    }

    public void Dispose()
    {
        version.Dispose();
        returns.Dispose();
        Lease.Dispose();
        window.Dispose();
        settlement.Dispose();
        connection.Dispose();
    }
}
