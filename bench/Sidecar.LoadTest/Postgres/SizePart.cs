using System.Globalization;
using System.Text;
using Npgsql;
using Sidecar.TestKit.Postgres;

namespace Sidecar.LoadTest.Postgres;

/// <summary>
/// The size of the outbox over minutes, while a transaction that has published stays open, and then a snapshot of an
/// application that keeps the server from removing dead rows anywhere.
/// </summary>
internal static class SizePart
{
    private const int Samples = 24;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly string[] Small = ["lane", "ledger", "relay", "config", "held", "slot"];

    public static async Task<Section> RunAsync(PgLoadOptions options, Bed bed)
    {
        var rows = options.WriterRate * options.SizeSeconds;
        var account = new Account(rows, options.Keys) { ExpectsLate = true };
        await using var writers = bed.Write(account);
        await using var reader = bed.Read(account);
        await using var connection = await bed.OpenAsync();
        await connection.ExecuteAsync("CREATE EXTENSION pgstattuple");
        await using var relay = await bed.StartRelayAsync();

        var begin = TimeProvider.System.GetTimestamp();
        var writing = writers.WriteAsync(0, rows, options.WriterRate, options.Connections, options.RowsPerTransaction);
        var holding = HoldAsync(bed, writers, options);
        var samples = new List<Sample>();
        while (!writing.IsCompleted)
        {
            samples.Add(await SampleAsync(connection, TimeProvider.System.GetElapsedTime(begin), account));
            await Task.WhenAny(writing, Task.Delay(Pause, TimeProvider.System));
        }

        var behind = await writing;
        await holding;
        await reader.CompleteAsync(relay);
        await Task.Delay(Pause * 5, TimeProvider.System);
        var last = await SampleAsync(connection, TimeProvider.System.GetElapsedTime(begin), account);
        var resident = relay.Figures().PeakResidentBytes;
        await relay.StopAsync();
        var (open, snapshot) = Times(options);
        return new Section(
            $"Size: {options.WriterRate:N0} rows/s for {options.SizeSeconds} s in transactions of "
            + $"{options.RowsPerTransaction}; a transaction with a row of its own open from {open.TotalSeconds:N0} s for "
            + $"{options.LongSeconds} s, a REPEATABLE READ snapshot from {snapshot.TotalSeconds:N0} s for as long",
            [
                new("log, most", Figure.Megabytes(samples.Max(sample => sample.LogBytes)), "bounded"),
                new("log, most before the transaction was open",
                    Figure.Megabytes(samples.Where(sample => sample.At < open).Max(sample => sample.LogBytes))),
                new("log after the end", Figure.Megabytes(last.LogBytes), "back to its floor"),
                new("dead rows in the log, most", $"{samples.Max(sample => sample.DeadInLog):N0}", "none"),
                .. Small.Select((table, i) => new Figure($"{table}: dead rows, most and after the end; bytes, most",
                    $"{samples.Max(sample => sample.Dead[i]):N0}, {last.Dead[i]:N0}; {samples.Max(sample => sample.Bytes[i]):N0}")),
                new("rows committed and not yet in Kafka, most", $"{samples.Max(sample => sample.Waiting):N0}"),
                new("relay: RSS peak", Figure.Megabytes(resident), "< 70 MB"),
                new("the writers' latest statement was behind its time", $"{behind.TotalMilliseconds:N0} ms"),
            ], account.Table) { Notes = Series([.. samples, last]) };
    }

    private static (TimeSpan Open, TimeSpan Snapshot) Times(PgLoadOptions options)
    {
        var spare = TimeSpan.FromSeconds(Math.Max(3, options.SizeSeconds - (2 * options.LongSeconds)) / 3.0);
        return (spare, (2 * spare) + TimeSpan.FromSeconds(options.LongSeconds));
    }

    // First a writer that commits late, then a reader with an old snapshot.
    private static async Task HoldAsync(Bed bed, Writers writers, PgLoadOptions options)
    {
        var (open, snapshot) = Times(options);
        var length = TimeSpan.FromSeconds(options.LongSeconds);
        await Task.Delay(open, TimeProvider.System);
        await writers.WriteLateAsync(length);
        await Task.Delay(snapshot - open - length, TimeProvider.System);
        await using var connection = await bed.OpenAsync();
        await connection.ExecuteAsync("BEGIN ISOLATION LEVEL REPEATABLE READ");
        await connection.ExecuteAsync("SELECT count(*) FROM pg_class");
        await Task.Delay(length, TimeProvider.System);
        await connection.ExecuteAsync("COMMIT");
    }

    private static async Task<Sample> SampleAsync(NpgsqlConnection connection, TimeSpan at, Account account)
    {
        var committed = account.Committed.LongCount(time => time > 0);
        var small = string.Join(", ", Small.Select(table =>
            $"(SELECT dead_tuple_count FROM pgstattuple('outbox.{table}')), pg_relation_size('outbox.{table}')"));
        await using var command = new NpgsqlCommand(
            $"""
            SELECT (SELECT sum(pg_total_relation_size(format('outbox.log_%s', n)::regclass)) FROM generate_series(0, 3) n)::bigint,
                   (SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_all_tables WHERE relname LIKE 'log\__')::bigint, {small}
            """, connection);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new Sample(at, reader.GetInt64(0), reader.GetInt64(1), Math.Max(0, committed - account.Table.Delivered),
            [.. Enumerable.Range(0, Small.Length).Select(i => reader.GetInt64(2 + (2 * i)))],
            [.. Enumerable.Range(0, Small.Length).Select(i => reader.GetInt64(3 + (2 * i)))]);
    }

    private static string Series(IReadOnlyList<Sample> samples)
    {
        var text = new StringBuilder("| at | log | dead rows: lane | ledger | rows not yet in Kafka |\n|---|---|---|---|---|");
        var step = Math.Max(1, samples.Count / Samples);
        for (var i = 0; i < samples.Count; i++)
        {
            if (i % step != 0 && i != samples.Count - 1) continue;
            var sample = samples[i];
            text.Append(CultureInfo.InvariantCulture, $"\n| {sample.At.TotalSeconds:N0} s | {Figure.Megabytes(sample.LogBytes)} ")
                .Append(CultureInfo.InvariantCulture, $"| {sample.Dead[0]:N0} | {sample.Dead[1]:N0} | {sample.Waiting:N0} |");
        }

        return text.ToString();
    }

    private sealed record Sample(
        TimeSpan At, long LogBytes, long DeadInLog, long Waiting, IReadOnlyList<long> Dead, IReadOnlyList<long> Bytes);
}
