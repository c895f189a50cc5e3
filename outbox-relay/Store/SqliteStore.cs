using Microsoft.Data.Sqlite;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lease;

namespace Sidecar.OutboxRelay.Store;

/// <summary>
/// The outbox in a SQLite file: one writer at a time, so the order of ids is the order of commits, and what was read up
/// to an id is complete. Rows are deleted after their acknowledgement. One connection, used by one loop.
/// </summary>
public sealed class SqliteStore(StoreOptions options, TimeProvider time) : IOutboxStore
{
    private static readonly TimeSpan LookAtFile = TimeSpan.FromSeconds(2);

    private readonly LeaseWatch watch = new(time);
    private Session? session;

    /// <inheritdoc/>
    public void Dispose() => Close();

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<string>> OpenAsync()
    {
        Close();
        try
        {
            var connection = SqliteFile.Connect(options.SqlitePath, options.BusyTimeout);
            var answer = SqliteFile.Check(connection, options.SqlitePath);
            if (answer.Problem is null)
            {
                session = new Session(connection, options, answer.Value, time.GetTimestamp());
            }
            else
            {
                connection.Dispose();
            }

            return new(answer);
        }
        catch (SqliteException e)
        {
            return new(SqliteFile.Explain(e, options.SqlitePath));
        }
    }

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<LeaseTaken>> TakeLeaseAsync(string owner, TimeSpan length) => Ask<LeaseTaken>(
        (db, _) =>
        {
            if (db.Lease.Read() is not { } seen)
            {
                return new StoreProblem(StoreFault.NoSchema, "outbox_lease has no row: run `outbox-relay init --apply`");
            }

            // Our own from before: that line has ended, and its producer with it.
            if (seen.Owner != owner && !watch.IsFree(seen))
            {
                return new LeaseTaken(null, $"{seen.Owner} holds it in epoch {seen.Epoch}");
            }

            if (!db.Lease.Take(owner, seen, length))
            {
                return new LeaseTaken(null, "another relay was first");
            }

            (db.Epoch, db.ReadTo) = (seen.Epoch + 1, 0);
            return new LeaseTaken(new Fence(owner, db.Epoch));
        },
        0);

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<bool>> RenewLeaseAsync(Fence fence, TimeSpan length) =>
        Ask<bool>((db, _) => db.Lease.Renew(fence, length) ? true : LostLease(), 0);

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<bool>> ReleaseLeaseAsync(Fence fence) =>
        Ask<bool>((db, _) => db.Lease.Release(fence) ? true : LostLease(), 0);

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadWindowAsync(
        bool fromStart, IReadOnlyCollection<string> waitingTopics, long maxPartBytes) =>
        Ask<IReadOnlyList<OutboxRow>>(
            (db, now) =>
            {
                // Before the read: a commit in between is news for the next one.
                db.SeenVersion = db.Version();
                var from = new WindowStart(fromStart ? 0 : db.ReadTo, db.Epoch);
                (var rows, db.ReadTo) = db.Window.Read(from, waitingTopics, maxPartBytes);
                if (rows.Count > 0)
                {
                    db.LastRows = now;
                }

                return rows;
            },
            time.GetTimestamp());

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<bool>> SettleAsync(Fence fence, TimeSpan length, Settlement settlement) =>
        Ask<bool>((db, _) => db.Settlement.Write(fence, length, settlement) ? true : LostLease(), 0);

    /// <inheritdoc/>
    public async ValueTask WaitForNewsAsync(TimeSpan atMost, CancellationToken stop)
    {
        var begun = time.GetTimestamp();
        while (session is { } db && !stop.IsCancellationRequested)
        {
            var left = atMost - time.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero || HasNews(db))
            {
                return;
            }

            var wait = IdlePace.After(time.GetElapsedTime(db.LastRows));
            await Task.Delay(wait < left ? wait : left, time, stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static StoreProblem LostLease() =>
        new(StoreFault.Fenced, "another relay has taken the lease");

    private bool HasNews(Session db)
    {
        try
        {
            return db.Version() != db.SeenVersion;
        }
        catch (SqliteException)
        {
            return true;    // the read that follows says what is wrong
        }
    }

    private ValueTask<StoreAnswer<T>> Ask<T>(Func<Session, long, StoreAnswer<T>> question, long now)
    {
        if (session is not { } db)
        {
            return new(new StoreProblem(StoreFault.NoDatabase, $"{options.SqlitePath} is not open"));
        }

        if (IsAnotherFile(db))
        {
            Close();
            return new(new StoreProblem(StoreFault.NoDatabase, $"{options.SqlitePath} was removed or replaced"));
        }

        try
        {
            return new(question(db, now));
        }
        catch (SqliteException e)
        {
            return new(SqliteFile.Explain(e, options.SqlitePath));
        }
    }

    /// <summary>
    /// An application that deletes its database and makes a new one would leave us reading a file that no longer has a
    /// name: now and then, what the name leads to is compared with what is open.
    /// </summary>
    private bool IsAnotherFile(Session db)
    {
        if (time.GetElapsedTime(db.LastLook) < LookAtFile)
        {
            return false;
        }

        db.LastLook = time.GetTimestamp();
        try
        {
            using var byName = SqliteFile.Connect(options.SqlitePath, options.BusyTimeout);
            var found = SqliteFile.Check(byName, options.SqlitePath);
            return found.Problem is not null || found.Value != db.OutboxId;
        }
        catch (SqliteException e)
        {
            return SqliteFile.Explain(e, options.SqlitePath).Fault == StoreFault.NoDatabase;
        }
    }

    private void Close()
    {
        session?.Dispose();
        session = null;
    }

    /// <summary>One connection and what is prepared on it.</summary>
    private sealed class Session : IDisposable
    {
        private readonly SqliteConnection connection;
        private readonly SqliteCommand version;

        public Session(SqliteConnection connection, StoreOptions options, string outboxId, long now)
        {
            this.connection = connection;
            version = SqliteLease.Prepare(connection, "PRAGMA data_version");
            OutboxId = outboxId;
            LastLook = LastRows = now;
            Lease = new SqliteLease(connection);
            Window = new SqliteWindow(connection, options);
            Settlement = new SqliteSettlement(connection, Lease);
        }

        public SqliteLease Lease { get; }

        public SqliteWindow Window { get; }

        public SqliteSettlement Settlement { get; }

        public string OutboxId { get; }

        /// <summary>The epoch under which the lease was last taken.</summary>
        public long Epoch { get; set; }

        /// <summary>Every pending row up to this id has been looked at.</summary>
        public long ReadTo { get; set; }

        public long SeenVersion { get; set; }

        public long LastRows { get; set; }

        public long LastLook { get; set; }

        /// <summary>Changes with every commit of another connection, and with none of ours.</summary>
        public long Version() => (long)version.ExecuteScalar()!;

        public void Dispose()
        {
            version.Dispose();
            Lease.Dispose();
            Window.Dispose();
            Settlement.Dispose();
            connection.Dispose();
        }
    }
}
