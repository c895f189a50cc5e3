using Sidecar.TestKit.Postgres;

namespace Sidecar.LoadTest.Postgres;

/// <summary>A relay that has nothing to do. The server counts the statements (pg_stat_statements).</summary>
internal static class IdlePart
{
    public const string ServerSetting = "shared_preload_libraries=pg_stat_statements";

    private const int WarmRows = 1_000;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    public static async Task<Section> RunAsync(PgLoadOptions options, Bed bed)
    {
        var account = new Account(WarmRows, options.Keys);
        await using var writers = bed.Write(account);
        await using var reader = bed.Read(account);
        await using var connection = await bed.OpenAsync();
        await connection.ExecuteAsync("CREATE EXTENSION pg_stat_statements");
        await using var relay = await bed.StartRelayAsync();
        await writers.WriteAsync(0, WarmRows, 0, 1, 10);
        await reader.CompleteAsync(relay);
        await Task.Delay(Settle, TimeProvider.System);

        await connection.ExecuteAsync("SELECT pg_stat_statements_reset()");
        var backends = await Bed.RelayBackendsAsync(connection);
        var (cpu, backendCpu) = (relay.CpuSinceLive(), ServerCpu.Of(backends));
        var position = await WalMeter.PositionAsync(connection);
        await Task.Delay(TimeSpan.FromSeconds(options.IdleSeconds), TimeProvider.System);
        (cpu, backendCpu) = (relay.CpuSinceLive() - cpu, ServerCpu.Of(backends) - backendCpu);
        var wal = await WalMeter.BetweenAsync(connection, position, await WalMeter.PositionAsync(connection));
        const string Theirs = "FROM pg_stat_statements WHERE query !~ 'wal_insert_lsn|wal_stats|pg_stat|pid FROM|walinspect|logical_emit'";
        // Statements that go together have one of these at their head.
        var asked = await connection.ScalarAsync<decimal>(
            $"SELECT coalesce(sum(calls), 0) {Theirs} AND query ~ 'outbox.log_id|UPDATE outbox.relay|setval|LISTEN'");
        var statements = await connection.ScalarAsync<decimal>($"SELECT coalesce(sum(calls), 0) {Theirs}");
        var most = await connection.ScalarAsync<string>(
            $"SELECT string_agg(calls || ' x ' || regexp_replace(left(query, 60), '\\s+', ' ', 'g'), '; ' ORDER BY calls DESC) {Theirs}");
        var resident = relay.Figures().ResidentBytes;
        await relay.StopAsync();
        return new Section($"Idle: nothing to do for {options.IdleSeconds} s", [
            new("times a second that the relay asks the database", Figure.Number((double)asked / options.IdleSeconds, 2), "<= 2"),
            new("statements a second, of which one question has several",
                Figure.Number((double)statements / options.IdleSeconds, 2)),
            new("relay: % of a core", Figure.Number(cpu / 10_000.0 / options.IdleSeconds, 2), "< 0.5"),
            new("PostgreSQL, the relay's connections: % of a core",
                Figure.Number(backendCpu / 10_000.0 / options.IdleSeconds, 2)),
            new("WAL bytes a second, the server's own too", Figure.Number((double)wal.RecordBytes / options.IdleSeconds)),
            new("relay: RSS", Figure.Megabytes(resident), "< 70 MB"),
        ], account.Table) { Notes = most is null ? "" : $"Statements: `{most.Replace('`', '\'')}`." };
    }
}
