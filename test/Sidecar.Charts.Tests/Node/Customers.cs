using Acme.Orders.V1;
using Npgsql;
using Sidecar.Client.Publishing;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Charts.Tests.Node;

/// <summary>
/// Writes orders with their events at a steady rate, in transactions as the service makes them, until it is told to stop.
/// The table <c>placed</c> says when each was written.
/// </summary>
internal sealed class Customers : IAsyncDisposable
{
    private const int Keys = 400;

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(20);

    private readonly string run;
    private readonly int perBeat;
    private readonly CancellationTokenSource stop = new();
    private readonly Task writing;
    private long written;

    private Customers(Servers servers, string run, int perSecond)
    {
        this.run = run;
        perBeat = Math.Max(1, (int)(perSecond * Beat.TotalSeconds));
        writing = Task.Run(() => WriteAsync(servers.Postgres.ConnectionString));
    }

    /// <summary>Events committed so far.</summary>
    public long Written => Interlocked.Read(ref written);

    /// <param name="servers">Where they write.</param>
    /// <param name="run">The first part of all keys of this run.</param>
    /// <param name="perSecond">Events for each second.</param>
    public static Customers Start(Servers servers, string run, int perSecond) => new(servers, run, perSecond);

    /// <summary>Ends after the transaction under way. What went wrong meanwhile is thrown.</summary>
    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await writing;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stop.Dispose();
    }

    private async Task WriteAsync(string connectionString)
    {
        await using var connection = await Sql.OpenAsync(connectionString);
        var start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Beat, TimeProvider.System);
        while (!stop.IsCancellationRequested)
        {
            // Beats that were missed are made up for: the rate is that of the whole run.
            var due = (long)(TimeProvider.System.GetElapsedTime(start) / Beat) * perBeat;
            while (written < due) await CommitAsync(connection, Math.Min(Keys, (int)(due - written)));
            await timer.WaitForNextTickAsync();
        }
    }

    private async Task CommitAsync(NpgsqlConnection connection, int count)
    {
        var orders = Enumerable.Range(0, count).Select(i => Order(written + i)).ToList();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var insert = new NpgsqlCommand("""
            WITH given AS (SELECT * FROM unnest($1, $2) AS t(id, sequence)),
                 row AS (INSERT INTO orders SELECT id, 'c', 100, sequence FROM given
                         ON CONFLICT(id) DO UPDATE SET changes = excluded.changes)
            INSERT INTO placed(order_id, sequence) SELECT id, sequence FROM given
            """, connection, transaction);
        insert.Parameters.Add(new NpgsqlParameter { Value = orders.Select(order => order.OrderId).ToArray() });
        insert.Parameters.Add(new NpgsqlParameter { Value = orders.Select(order => order.Sequence).ToArray() });
        await insert.ExecuteNonQueryAsync();
        await transaction.PublishAsync(orders);
        await transaction.CommitAsync();
        Interlocked.Add(ref written, count);
    }

    private OrderPlaced Order(long number) => new()
    {
        OrderId = $"{run}/{number % Keys}", CustomerId = "c", TotalCents = 100, Sequence = (int)(number / Keys) + 1,
    };
}
