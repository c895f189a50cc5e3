using Npgsql;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary>
/// Applications that count things up under row locks and publish each count, in every way that transactions may take:
/// several things in one, numbers taken early, slow ones, rolled back ones, savepoints.
/// </summary>
internal sealed class Applications(string connectionString, string topic, int seed)
{
    private const int Writers = 8;
    private const int Things = 97;

    private const string Schema =
        """
        CREATE TABLE thing (name text PRIMARY KEY, count bigint NOT NULL DEFAULT 0);
        INSERT INTO thing SELECT 'thing ' || n FROM generate_series(1, 97) n;
        CREATE FUNCTION count_up(thing_name text, topic text) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE now_at bigint;
        BEGIN
          UPDATE thing SET count = count + 1 WHERE name = thing_name RETURNING count INTO now_at;
          PERFORM outbox.publish(topic, thing_name, convert_to(now_at::text, 'UTF8'));
        END $$;
        """;

    private readonly CancellationTokenSource enough = new();
    private Task writing = Task.CompletedTask;

    public async Task StartAsync()
    {
        await Sql.ExecuteAsync(connectionString, Schema);
        writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(WriteAsync));
    }

    /// <summary>Every transaction ends; the answer: how far each thing has counted.</summary>
    public async Task<Dictionary<string, long>> EndAsync()
    {
        await enough.CancelAsync();
        await writing;
        enough.Dispose();
        var counts = new Dictionary<string, long>();
        await using var connection = await Sql.OpenAsync(connectionString);
        await using var command = new NpgsqlCommand("SELECT name, count FROM thing WHERE count > 0", connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            counts[reader.GetString(0)] = reader.GetInt64(1);
        }

        return counts;
    }

    private async Task WriteAsync(int number)
    {
        var chance = new Random(seed + number);
        await using var connection = await Sql.OpenAsync(connectionString);
        while (!enough.IsCancellationRequested)
        {
            await connection.ExecuteAsync(Transaction(chance));
        }
    }

    // One text, so that a transaction is one round trip; things in ascending order, so that nobody waits in a circle.
    private string Transaction(Random chance)
    {
        var steps = new List<string> { "BEGIN" };
        if (chance.Next(4) == 0)
        {
            steps.Add("SELECT pg_current_xact_id()");
            steps.Add(Sleep(chance, 10));
        }

        var names = Enumerable.Range(0, chance.Next(1, 4)).Select(_ => $"thing {chance.Next(1, Things + 1)}").Distinct().Order();
        foreach (var name in names)
        {
            steps.Add($"SELECT count_up('{name}', '{topic}')");
            if (chance.Next(5) == 0)
            {
                steps.Add($"SAVEPOINT s; SELECT count_up('{name}', '{topic}'); {(chance.Next(2) == 0 ? "ROLLBACK TO" : "RELEASE")} s");
            }
        }

        steps.Add(Sleep(chance, chance.Next(50) == 0 ? 500 : 10));
        steps.Add(chance.Next(10) == 0 ? "ROLLBACK" : "COMMIT");
        return string.Join("; ", steps);
    }

    private static string Sleep(Random chance, int milliseconds) => $"SELECT pg_sleep({chance.Next(milliseconds)} / 1000.0)";
}
