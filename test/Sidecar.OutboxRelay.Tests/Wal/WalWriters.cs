using Npgsql;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Wal;

/// <summary>
/// Applications that write under a lock of their own: each counts its aggregate up in a transaction and publishes the number.
/// Some roll back, some use savepoints, some prepare first, some take long.
/// </summary>
internal sealed class WalWriters : IAsyncDisposable
{
    private const int Writers = 6;
    private const int Aggregates = 10;

    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> tasks = [];
    private readonly string database;

    private readonly string topic;

    private WalWriters(string database, string topic) => (this.database, this.topic) = (database, topic);

    public static async Task<WalWriters> StartAsync(string database, int seed, string topic = "t")
    {
        await Sql.ExecuteAsync(
            database,
            $"CREATE TABLE aggregate AS SELECT n AS id, 0 AS version FROM generate_series(1, {Aggregates}) n; " +
            "ALTER TABLE aggregate ADD PRIMARY KEY (id)");
        var writers = new WalWriters(database, topic);
        for (var i = 0; i < Writers; i++)
        {
            writers.tasks.Add(writers.WriteAsync(new Random(seed + i), i));
        }

        return writers;
    }

    /// <summary>Ends the writers; the ids that are committed.</summary>
    public async Task<HashSet<long>> StopAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(tasks);
        await using var connection = await Sql.OpenAsync(database);
        await using var command = new NpgsqlCommand("SELECT id FROM outbox.log", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var ids = new HashSet<long>();
        while (await rows.ReadAsync())
        {
            ids.Add(rows.GetInt64(0));
        }

        return ids;
    }

    /// <summary>First occurrences of a key whose number is not the next.</summary>
    public static List<string> Inversions(IEnumerable<(long Id, string Key, string Value)> got)
    {
        var seen = new HashSet<long>();
        var last = new Dictionary<string, int>();
        var found = new List<string>();
        foreach (var (id, key, value) in got)
        {
            if (seen.Add(id))
            {
                var (before, now) = (last.GetValueOrDefault(key), int.Parse(value, null));
                if (now != before + 1)
                {
                    found.Add($"{key}: {now} after {before}");
                }

                last[key] = now;
            }
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stop.Dispose();
    }

    private async Task WriteAsync(Random random, int writer)
    {
        await using var connection = await Sql.OpenAsync(database);
        while (!stop.IsCancellationRequested)
        {
            var aggregate = random.Next(1, Aggregates + 1);
            var early = random.Next(4) == 0 ? "SELECT pg_current_xact_id();" : "";
            var savepoint = random.Next(4) == 0;
            await connection.ExecuteAsync(
                $"BEGIN; SET LOCAL outbox.notify = off; {early}" + (savepoint ? "SAVEPOINT s;" : "") +
                $"UPDATE aggregate SET version = version + 1 WHERE id = {aggregate};");
            if (random.Next(10) == 0)
            {
                await connection.ExecuteAsync($"SELECT pg_sleep({random.Next(100)} / 1000.0)");
            }

            var publish = $"SELECT outbox.publish('{topic}', 'a{aggregate}'::text, convert_to(version::text, 'UTF8')) " +
                $"FROM aggregate WHERE id = {aggregate};";
            var name = $"{Guid.NewGuid():N}-{writer}";
            await connection.ExecuteAsync(
                publish + (savepoint ? $"RELEASE s; SAVEPOINT u; {publish} ROLLBACK TO u;" : "") +
                random.Next(10) switch
                {
                    0 => "ROLLBACK",
                    1 => $"PREPARE TRANSACTION '{name}'",
                    _ => "COMMIT",
                });
            await CommitPreparedAsync(connection, name);
        }
    }

    private static async Task CommitPreparedAsync(NpgsqlConnection connection, string name)
    {
        if (await connection.ScalarAsync<bool>($"SELECT true FROM pg_prepared_xacts WHERE gid = '{name}'"))
        {
            await connection.ExecuteAsync($"COMMIT PREPARED '{name}'");
        }
    }
}
