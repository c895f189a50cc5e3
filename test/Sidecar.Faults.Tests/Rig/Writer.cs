using Npgsql;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>
/// The application's load: several sessions that run transactions of one to five events on keys that they share, with
/// row locks, pauses in the middle, savepoints and rollbacks, all by chance and by seed. Each session goes on after a
/// fault of the database as soon as it is back.
/// </summary>
internal sealed class Writer(OutboxDatabase database, string topic, IReadOnlyList<string> keys, int seed) : IAsyncDisposable
{
    private const int Sessions = 4;
    private const int MostEvents = 5;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(8);

    private readonly CancellationTokenSource stopping = new();
    private List<Task> sessions = [];
    private int committed;

    /// <summary>Transactions that were committed, as far as their sessions know.</summary>
    public int Committed => Volatile.Read(ref committed);

    public void Start() => sessions = [.. Enumerable.Range(0, Sessions).Select(RunAsync)];

    /// <summary>Waits for that many further commits.</summary>
    public Task WroteAsync(int transactions)
    {
        var goal = Committed + transactions;
        return TestKit.Until.TrueAsync(
            () => Committed >= goal || sessions.Exists(session => session.IsFaulted), RunOptions.Bound,
            $"the writer has committed {transactions} transactions");
    }

    /// <summary>All sessions end after their transaction; a fault that is not the database's comes up here.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(sessions);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(sessions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    private async Task RunAsync(int number)
    {
        var chance = new Random(unchecked((seed * 31) + number));
        using var pace = new PeriodicTimer(Pace, TimeProvider.System);
        Session? session = null;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await pace.WaitForNextTickAsync(stopping.Token);
                session ??= await Session.OpenAsync(database.WriterAddress, topic);
                if (await TransactAsync(session, chance, pace)) Interlocked.Increment(ref committed);
            }
            catch (OperationCanceledException)
            {
                // Told to stop.
            }
            catch (Exception e) when (IsOfTheServer(e))
            {
                if (session is not null) await session.DisposeAsync();
                session = null;
            }
        }

        if (session is not null) await session.DisposeAsync();
    }

    private async Task<bool> TransactAsync(Session session, Random chance, PeriodicTimer pace)
    {
        // In one order, so that two transactions never wait for each other.
        var chosen = Enumerable.Range(0, chance.Next(1, MostEvents + 1))
            .Select(_ => keys[chance.Next(keys.Count)]).Order(StringComparer.Ordinal).ToList();
        await session.ExecuteAsync("BEGIN");
        // Its transaction id is older than those of transactions that commit before it.
        if (chance.Next(10) == 0) await session.ExecuteAsync("SELECT pg_current_xact_id()");
        foreach (var key in chosen)
        {
            var savepoint = chance.Next(8) == 0;
            if (savepoint) await session.ExecuteAsync("SAVEPOINT here");
            await session.PublishAsync(key);
            if (savepoint) await session.ExecuteAsync(chance.Next(2) == 0 ? "ROLLBACK TO here" : "RELEASE here");
            // Here and not by pg_sleep: that one would sleep for as long as the server's clock is set back.
            if (chance.Next(10) == 0) await pace.WaitForNextTickAsync(CancellationToken.None);
        }

        var commits = chance.Next(10) > 0;
        await session.ExecuteAsync(commits ? "COMMIT" : "ROLLBACK");
        return commits;
    }

    // A mistake of ours, such as a function that is not there, must not look like a fault of the server.
    private static bool IsOfTheServer(Exception e) => e is PostgresException answer
        ? answer.SqlState[..2] is "57" or "08" or "40" or "53" or "25"
        : e is NpgsqlException or IOException or TimeoutException or ObjectDisposedException;
}
