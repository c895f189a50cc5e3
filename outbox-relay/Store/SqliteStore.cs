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
    private SqliteSession? session;

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
                session = new SqliteSession(connection, options, answer.Value, time.GetTimestamp());
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

            db.Begin(seen.Epoch + 1);
            return new LeaseTaken(new Fence(owner, seen.Epoch + 1));
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
                var rows = db.Read(fromStart, waitingTopics, maxPartBytes);
                if (rows.Count > 0)
                {
                    db.LastRows = now;
                }

                return rows;
            },
            time.GetTimestamp());

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<bool>> SettleAsync(Fence fence, TimeSpan length, Settlement settlement) =>
        Ask<bool>((db, _) => db.Settle(fence, length, settlement) ? true : LostLease(), 0);

    /// <inheritdoc/>
    public bool KeepsTopicIds => false;

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<bool>> EnterTopicAsync(string topic, string id) => new(true);

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

    private bool HasNews(SqliteSession db)
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

    private ValueTask<StoreAnswer<T>> Ask<T>(Func<SqliteSession, long, StoreAnswer<T>> question, long now)
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
    private bool IsAnotherFile(SqliteSession db)
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
}
