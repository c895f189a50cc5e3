using Npgsql;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Charts.Tests.Node;

/// <summary>What came of the events of one run: the table, and how long they took.</summary>
/// <param name="Table">Each event that was committed, and its deliveries.</param>
/// <param name="Median">From its row in the transaction to its row in <c>received</c>, half of the events at most.</param>
/// <param name="Worst">The same of the slowest event: so long stood its key.</param>
internal sealed record Account(LedgerTable Table, TimeSpan Median, TimeSpan Worst)
{
    /// <summary>Reads the account of a run; both times are of the database's own clock.</summary>
    public static async Task<Account> ReadAsync(Servers servers, string run)
    {
        await using var connection = await Sql.OpenAsync(servers.Postgres.ConnectionString);
        var ledger = new Ledger();
        await EachAsync(connection, "SELECT order_id, sequence FROM placed WHERE order_id LIKE $1", run,
            row => ledger.Expect(row.GetString(0), row.GetInt32(1)));
        await EachAsync(connection, "SELECT order_id, sequence FROM received WHERE order_id LIKE $1 ORDER BY number", run,
            row => ledger.Deliver(row.GetString(0), row.GetInt32(1)));
        var (median, worst) = (TimeSpan.Zero, TimeSpan.Zero);
        await EachAsync(connection, """
            SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY took), max(took) FROM (
                SELECT min(received.at) - min(placed.at) AS took FROM placed JOIN received USING (order_id, sequence)
                WHERE order_id LIKE $1 GROUP BY order_id, sequence) AS one
            """, run, row => (median, worst) = row.IsDBNull(0) ? default : (row.GetTimeSpan(0), row.GetTimeSpan(1)));
        return new Account(ledger.Table(), median, worst);
    }

    private static async Task EachAsync(NpgsqlConnection connection, string sql, string run, Action<NpgsqlDataReader> take)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = run + "/%" });
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync()) take(rows);
    }
}
