using Npgsql;
using Sidecar.TestKit.Postgres;

namespace Sidecar.LoadTest.Postgres;

/// <summary>A backlog that was written while no relay ran goes to Kafka.</summary>
internal static class DrainPart
{
    private const int LoadRowsPerTransaction = 100;
    private const int LoadConnections = 4;
    private static readonly TimeSpan EmptiedTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public static async Task<Section> RunAsync(PgLoadOptions options, Bed bed)
    {
        var account = new Account(options.Rows, options.Keys);
        await using var writers = bed.Write(account);
        await writers.WriteAsync(0, options.Rows, 0, LoadConnections, LoadRowsPerTransaction);
        await using var connection = await bed.OpenAsync();

        var (from, serverCpu) = (await WalMeter.PositionAsync(connection), ServerCpu.Total(bed.Postmaster));
        await using var relay = await bed.StartRelayAsync();
        var seconds = await bed.DrainedAsync(options.Rows, relay);
        var (cpu, peak) = (relay.CpuSinceLive(), relay.Figures().PeakResidentBytes);
        var atEnd = await WalMeter.PositionAsync(connection);
        var backends = ServerCpu.Of(await Bed.RelayBackendsAsync(connection));
        var emptied = await EmptiedAsync(connection);
        serverCpu = ServerCpu.Total(bed.Postmaster) - serverCpu;
        await using var reader = bed.Read(account);
        await reader.CompleteAsync(relay);
        var exit = await relay.StopAsync();
        var wal = await WalMeter.BetweenAsync(connection, from, atEnd);
        return new Section(
            $"Drain: {options.Rows:N0} rows of {options.ValueBytes:N0} bytes, {options.Keys:N0} keys, in transactions of "
            + $"{LoadRowsPerTransaction}", [
                new("rows/s, first to last in Kafka", Figure.Number(options.Rows / seconds, 0), ">= 50,000"),
                new("relay: CPU-us a row", Per(cpu), "<= 15"),
                new("PostgreSQL: CPU-us a row, the relay's connections", Per(backends), "<= 10"),
                new("PostgreSQL: CPU-us a row, all processes, with the emptying of the slots", Per(serverCpu)),
                new("WAL bytes a row", Figure.Number((double)wal.RecordBytes / options.Rows), "<= 50"),
                new("images of pages after a checkpoint, bytes a row", Figure.Number((double)wal.ImageBytes / options.Rows)),
                new("relay: RSS peak", Figure.Megabytes(peak), "< 70 MB"),
                new("relay: start to live", $"{relay.StartToLive.TotalMilliseconds:N0} ms"),
                new("slots emptied after the drain", emptied),
                new("relay: exit code on SIGTERM", $"{exit}"),
            ], account.Table) { Notes = $"WAL by kind: {wal.Describe(options.Rows)}." };

        string Per(long microseconds) => Figure.Number((double)microseconds / options.Rows);
    }

    // Writers go on to the next slot, and those before it are emptied once their rows are proved to be settled.
    private static async Task<string> EmptiedAsync(NpgsqlConnection connection)
    {
        const string IsSmall = "SELECT (SELECT sum(pg_relation_size(format('outbox.log_%s', n)::regclass)) "
            + "FROM generate_series(0, 3) n) < slot_bytes FROM outbox.config";
        var begin = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var isSmall = await connection.ScalarAsync<bool>(IsSmall);
            var elapsed = TimeProvider.System.GetElapsedTime(begin);
            if (isSmall) return $"yes, {elapsed.TotalSeconds:N1} s";
            if (elapsed > EmptiedTimeout) return $"no, in {elapsed.TotalSeconds:N0} s";
            await Task.Delay(Look, TimeProvider.System);
        }
    }
}
