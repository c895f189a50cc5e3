using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Sidecar.OutboxRelay.Lanes;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Wal;

namespace Sidecar.OutboxRelay.Tests.Wal;

/// <summary>
/// An outbox in a database of its own, and the simplest thing that can drive a reader of its log: it reads the table by the
/// difference of two snapshots, and settles whatever it gets.
/// </summary>
internal sealed class WalDriver : IAsyncDisposable
{
    private const int Buckets = 64;

    private readonly NpgsqlDataSource source;
    private readonly NpgsqlConnection connection;

    private WalDriver(string database, NpgsqlDataSource source, NpgsqlConnection connection, WalReader reader)
    {
        (Database, this.source, this.connection, Reader) = (database, source, connection, reader);
    }

    public string Database { get; }

    public WalReader Reader { get; }

    /// <summary>What was read, in order, with repetitions.</summary>
    public List<(long Id, string Key, string Value)> Got { get; } = [];

    /// <summary>How many of these came from the log.</summary>
    public int Streamed { get; private set; }

    /// <summary>All rows that are visible in it are read.</summary>
    public Snapshot Done { get; private set; } = Snapshot.None;

    /// <summary>Rows by lane and slot that were counted as settled.</summary>
    public Dictionary<(int Bucket, int Slot), LedgerSum> Ledger { get; } = [];

    public List<WalLoss> Losses { get; private init; } = [];

    public static async Task<WalDriver> StartAsync(string database, WalOptions? options = null, string? user = null)
    {
        var installed = await PgInstaller.ApplyAsync(PgAddress.Parse(database)!, PgSchema.Migrations, TimeProvider.System);
        Assert.That(installed.Problem, Is.Null);
        var settings = new NpgsqlConnectionStringBuilder(database) { Pooling = false, Username = user ?? "postgres" };
        var place = new WalPlace(settings.ConnectionString, NpgsqlDataSource.Create(settings), TimeProvider.System, NullLogger.Instance);
        var losses = new List<WalLoss>();
        var reader = new WalReader(options ?? new WalOptions(), place) { OnLoss = losses.Add };
        return new WalDriver(database, place.Source, await place.Source.OpenConnectionAsync(), reader) { Losses = losses };
    }

    /// <summary>One round: goes through what is there, and waits a little where there is nothing.</summary>
    public async Task TurnAsync()
    {
        if (Reader.LookIsDue)
        {
            await Reader.LookAsync(connection);
        }

        if (Reader.MarkerIsDue)
        {
            await Reader.MarkAsync(connection, atOnce: false);
        }

        if (!Reader.IsStreaming)
        {
            var found = await ReadTableAsync();
            Reader.Step(new TableView(found == 0, Done, new long[Buckets], 1_000_000));
            return;
        }

        Reader.Step(new TableView(true, null, new long[Buckets], 1_000_000));
        var rows = Reader.Take(500, 1_000_000);
        foreach (var row in rows)
        {
            Got.Add((row.Id, Text(row.Key), Text(row.Value)));
            Streamed++;
            Reader.Settle(row.Id);
        }

        if (Reader.Advance() is { } progress)
        {
            Assert.That(progress.Done.Covers(Done), $"progress went from {Done} back to {progress.Done}");
            Done = progress.Done;
            foreach (var settled in progress.Rows)
            {
                Count(settled.Bucket, settled.Slot, settled.Sum);
            }
        }

        if (rows.Count == 0)
        {
            await Reader.WhenNews().WaitAsync(TimeSpan.FromMilliseconds(20), TimeProvider.System)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Goes round until this is so.</summary>
    public async Task UntilAsync(Func<bool> condition, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(60)), $"waited for: {what}");
            await TurnAsync();
        }
    }

    /// <summary>The ledger says of every row of the table that it was settled once, and of no other.</summary>
    public async Task<bool> LedgerIsRightAsync()
    {
        await using var command = source.CreateCommand(
            "SELECT bucket, slot, count(*), sum(id)::bigint FROM outbox.log GROUP BY 1, 2");
        await using var rows = await command.ExecuteReaderAsync();
        var table = new Dictionary<(int, int), LedgerSum>();
        while (await rows.ReadAsync())
        {
            table[(rows.GetInt16(0), rows.GetInt16(1))] = new LedgerSum(rows.GetInt64(2), rows.GetInt64(3));
        }

        return table.Count == Ledger.Count && table.All(one => Ledger.TryGetValue(one.Key, out var sum) && sum == one.Value);
    }

    public async ValueTask DisposeAsync()
    {
        await Reader.DisposeAsync();
        await connection.DisposeAsync();
        await source.DisposeAsync();
    }

    private static string Text(byte[]? bytes) => System.Text.Encoding.UTF8.GetString(bytes ?? []);

    private void Count(int bucket, int slot, LedgerSum sum) =>
        Ledger[(bucket, slot)] = Ledger.GetValueOrDefault((bucket, slot)).With(sum);

    private async Task<int> ReadTableAsync()
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT pg_current_snapshot()::text, id, bucket, slot, key, value
              FROM (SELECT 1) one LEFT JOIN outbox.log ON NOT pg_visible_in_snapshot(xid, $1::pg_snapshot) ORDER BY id
            """,
            connection);
        command.Parameters.Add(new() { Value = Done.ToString() });
        await using var rows = await command.ExecuteReaderAsync();
        var count = 0;
        while (await rows.ReadAsync())
        {
            Done = Snapshot.Parse(rows.GetString(0));
            if (await rows.IsDBNullAsync(1))
            {
                continue;
            }

            count++;
            Got.Add((rows.GetInt64(1), Text(rows.GetValue(4) as byte[]), Text(rows.GetValue(5) as byte[])));
            Count(rows.GetInt16(2), rows.GetInt16(3), default(LedgerSum).With(rows.GetInt64(1)));
        }

        return count;
    }
}
