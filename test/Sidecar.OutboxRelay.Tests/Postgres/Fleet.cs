using System.Globalization;
using Npgsql;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Processes;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary>Relays of one outbox as processes, and who of them owns which lanes.</summary>
internal sealed class Fleet(string connectionString) : IAsyncDisposable
{
    private readonly List<ProgramProcess> all = [];
    private readonly List<ProgramProcess> paused = [];
    private Dictionary<int, long> epochs = [];

    /// <summary>Those that run, the oldest first.</summary>
    public List<ProgramProcess> Running { get; } = [];

    /// <summary>How often a relay found itself without its lanes while records were under way, on a slow machine by itself.</summary>
    public int LostLeases => all.Sum(relay =>
        relay.Lines.Count(line => line.Contains("the lease has ended with records under way", StringComparison.Ordinal)));

    public void Add()
    {
        var relay = Relays.Start(
            "run", "--postgres", connectionString, "--bootstrap-servers", Kafka.BootstrapServers, "--metrics-port", "0",
            "--metrics-address", "127.0.0.1", "--lease", "2s", "--window-rows", "100", "--log-format", "text");
        all.Add(relay);
        Running.Add(relay);
    }

    public void Kill(int index)
    {
        Running[index].Send(Signal.Kill);
        Running.RemoveAt(index);
    }

    /// <summary>It stands still, with its connections open and records in its hands.</summary>
    public void Pause(int index)
    {
        Running[index].Send(Signal.Stop);
        paused.Add(Running[index]);
        Running.RemoveAt(index);
    }

    public void Resume()
    {
        paused[0].Send(Signal.Continue);
        Running.Add(paused[0]);
        paused.RemoveAt(0);
    }

    /// <summary>SIGTERM; the answer: how it ended.</summary>
    public async Task<int> StopAsync(int index)
    {
        var relay = Running[index];
        Running.RemoveAt(index);
        return await relay.TerminateAsync();
    }

    /// <summary>
    /// Waits until those that run, and nobody else, own all lanes in fair shares; the answer: how many lanes have another
    /// owner or were claimed anew since the last time.
    /// </summary>
    public async Task<int> EvenAsync()
    {
        await Until.TrueAsync(IsEvenAsync, Relays.Bound, $"{Running.Count} relays share the lanes");
        var before = epochs;
        epochs = await EpochsAsync();
        return epochs.Count(lane => before.GetValueOrDefault(lane.Key) != lane.Value);
    }

    /// <summary>Everything in the log is settled, and that is written.</summary>
    public Task SettledAsync() => Until.TrueAsync(
        async () => await Sql.ScalarAsync<long>(
            connectionString,
            """
            SELECT count(*) FROM outbox.log m JOIN outbox.lane l USING (bucket)
             WHERE NOT pg_visible_in_snapshot(m.xid, l.done)
               AND NOT coalesce(m.id <= l.win_id AND pg_visible_in_snapshot(m.xid, l.win), false)
            """) == 0,
        Relays.Bound, "every row is settled");

    public async ValueTask DisposeAsync()
    {
        foreach (var relay in all)
        {
            await relay.DisposeAsync();
        }
    }

    private async Task<bool> IsEvenAsync()
    {
        var shares = new Dictionary<int, long>();
        await using var connection = await Sql.OpenAsync(connectionString);
        await using var command = new NpgsqlCommand(
            "SELECT coalesce(split_part(r.name, '/', 2), '0'), count(*) FROM outbox.lane l LEFT JOIN outbox.relay r ON r.id = l.owner " +
            "GROUP BY 1", connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            shares[int.Parse(reader.GetString(0), CultureInfo.InvariantCulture)] = reader.GetInt64(1);
        }

        return shares.Keys.Order().SequenceEqual(Running.Select(relay => relay.Id).Order()) &&
            shares.Values.Max() - shares.Values.Min() <= 1;
    }

    private async Task<Dictionary<int, long>> EpochsAsync()
    {
        var found = new Dictionary<int, long>();
        await using var connection = await Sql.OpenAsync(connectionString);
        await using var command = new NpgsqlCommand("SELECT bucket, epoch FROM outbox.lane", connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            found[reader.GetInt16(0)] = reader.GetInt64(1);
        }

        return found;
    }
}
