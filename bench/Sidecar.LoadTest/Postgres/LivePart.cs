namespace Sidecar.LoadTest.Postgres;

/// <summary>
/// Writers at an even rate, a row in a transaction, first without a relay and then with one: what a row costs by itself,
/// what the relay adds, and how long it takes from commit to Kafka.
/// </summary>
internal static class LivePart
{
    private const int Connections = 8;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    public static async Task<IReadOnlyList<Section>> RunAsync(PgLoadOptions options, Bed bed)
    {
        var rows = options.LiveRate * options.LiveSeconds;
        // A first few go through before anything is measured, so that nothing is done for the first time.
        var warm = options.LiveRate;
        var account = new Account((2 * rows) + (2 * warm), options.Keys);
        await using var writers = bed.Write(account);
        await using var connection = await bed.OpenAsync();
        await using var reader = bed.Read(account);
        await writers.WriteAsync(0, warm, options.LiveRate, Connections);
        var start = await WalMeter.PositionAsync(connection);
        await writers.WriteAsync(warm, rows, options.LiveRate, Connections);
        var alone = await WalMeter.BetweenAsync(connection, start, await WalMeter.PositionAsync(connection));

        await using var relay = await bed.StartRelayAsync();
        await reader.ReachAsync(warm + rows, relay);
        await writers.WriteAsync(warm + rows, warm, options.LiveRate, Connections);
        var backends = await Bed.RelayBackendsAsync(connection);
        var (cpu, backendCpu) = (relay.CpuSinceLive(), ServerCpu.Of(backends));
        start = await WalMeter.PositionAsync(connection);
        var first = (2 * warm) + rows;
        var behind = await writers.WriteAsync(first, rows, options.LiveRate, Connections);
        (cpu, backendCpu) = (relay.CpuSinceLive() - cpu, ServerCpu.Of(backends) - backendCpu);
        var end = await WalMeter.PositionAsync(connection);
        await reader.CompleteAsync(relay);
        await Task.Delay(Settle, TimeProvider.System);
        var resident = relay.Figures().ResidentBytes;
        await relay.StopAsync();
        var together = await WalMeter.BetweenAsync(connection, start, end);
        return
        [
            Publish(options, alone, rows, writers.PayloadBytes),
            new Section($"Live: {options.LiveRate:N0} rows/s for {options.LiveSeconds} s, a row in a transaction", [
                new("commit to Kafka, from the answer to COMMIT until a reader of Kafka has it",
                    $"{Account.Between(account.Committed, account.Arrived, first, rows)}", "p50 < 5 ms, p99 < 25 ms"),
                new("the same from when COMMIT was sent",
                    $"{Account.Between(account.Sent, account.Arrived, first, rows)}"),
                new("WAL bytes a row that the relay adds",
                    Figure.Number((double)(together.RecordBytes - alone.RecordBytes) / rows), "<= 400"),
                new("images of pages after a checkpoint, bytes a row, with and without relay",
                    $"{Figure.Number((double)together.ImageBytes / rows)}, {Figure.Number((double)alone.ImageBytes / rows)}"),
                new("relay: CPU-us a row; % of a core", Cpu(cpu)),
                new("PostgreSQL: CPU-us a row, the relay's connections; % of a core", Cpu(backendCpu)),
                new("relay: RSS", Figure.Megabytes(resident), "< 70 MB"),
                new("the writers' latest statement was behind its time", $"{behind.TotalMilliseconds:N0} ms"),
            ], account.Table) { Notes = $"WAL by kind, with the rows' own: {together.Describe(rows)}." },
        ];

        string Cpu(long microseconds) => $"{Figure.Number((double)microseconds / rows)}; "
            + $"{Figure.Number(microseconds / 10_000.0 / options.LiveSeconds)} %";
    }

    private static Section Publish(PgLoadOptions options, WalWritten alone, int rows, int payload) => new(
        $"Publish: rows of {options.ValueBytes:N0} bytes, a row in a transaction, no relay", [
            new("WAL bytes a row beyond key, value and headers",
                Figure.Number(((double)(alone.RecordBytes - Commits(alone)) / rows) - payload), "<= 300"),
            new("the same with the commit of the transaction", Figure.Number(((double)alone.RecordBytes / rows) - payload)),
            new("key, value and headers", $"{payload:N0} B"),
        ], null) { Notes = $"WAL by kind: {alone.Describe(rows)}." };

    private static long Commits(WalWritten wal) =>
        wal.Kinds.Where(kind => kind.Kind == "Transaction/COMMIT").Sum(kind => kind.Bytes);
}
