namespace Sidecar.LoadTest.Postgres;

/// <summary>What the writers feel of a relay: the same even rate by turns without and with one.</summary>
internal static class WritersPart
{
    public static async Task<Section> RunAsync(PgLoadOptions options, Bed bed)
    {
        var (rate, rows) = (options.WriterRate, options.WriterRate * options.RoundSeconds);
        var account = new Account((2 * options.Rounds * rows) + rate, options.Keys);
        await using var writers = bed.Write(account);
        await using var reader = bed.Read(account);
        await writers.WriteAsync(0, rate, rate, options.Connections, options.RowsPerTransaction);
        var next = rate;
        var rounds = new List<(Latencies Without, Latencies With)>();
        var (all, latest) = ((Without: new List<int>(), With: new List<int>()), TimeSpan.Zero);
        for (var round = 0; round < options.Rounds; round++)
        {
            var first = next;
            await WriteAsync();
            all.Without.Add(first);
            await using var relay = await bed.StartRelayAsync();
            await reader.ReachAsync(next, relay);
            await WriteAsync();
            all.With.Add(first + rows);
            await reader.ReachAsync(next, relay);
            await relay.StopAsync();
            rounds.Add((Statements(first), Statements(first + rows)));
        }

        var (without, with) = (Merge(all.Without), Merge(all.With));
        return new Section(
            $"Writers: {rate:N0} rows/s in transactions of {options.RowsPerTransaction}, {options.Connections} connections, by "
            + $"turns without and with a relay, {options.Rounds} times {options.RoundSeconds} s each", [
                new("a transaction of the writers, no relay", $"{without}"),
                new("a transaction of the writers, with a relay", $"{with}"),
                new("ratio of p50", Figure.Number(with.P50 / without.P50, 2)),
                new("ratio of p99", Figure.Number(with.P99 / without.P99, 2), "<= 1.10"),
                new("ratio of p99 by rounds", string.Join(", ", rounds.Select(
                    round => Figure.Number(round.With.P99 / round.Without.P99, 2)))),
                new("the writers' latest statement was behind its time", $"{latest.TotalMilliseconds:N0} ms"),
            ], account.Table);

        async Task WriteAsync()
        {
            var behind = await writers.WriteAsync(next, rows, rate, options.Connections, options.RowsPerTransaction);
            (next, latest) = (next + rows, behind > latest ? behind : latest);
        }

        Latencies Statements(int first) => Account.Between(account.Sent, account.Committed, first, rows);

        Latencies Merge(List<int> firsts) => new(firsts.SelectMany(first => Enumerable.Range(first, rows))
            .Select(i => (account.Committed[i] - account.Sent[i]) * 1000.0 / TimeProvider.System.TimestampFrequency));
    }
}
