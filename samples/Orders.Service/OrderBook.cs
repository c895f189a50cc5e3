using Acme.Orders.V1;
using Npgsql;
using Sidecar.Client.Publishing;

namespace Orders.Service;

/// <summary>The service's database: orders with the events that they publish, and what was received.</summary>
internal sealed class OrderBook(NpgsqlDataSource database)
{
    private static readonly string Pod = Environment.MachineName;

    /// <summary>Writes an order and publishes its event in one transaction. Gives the number of the change, from 1.</summary>
    public async Task<int> PlaceAsync(OrderRequest order, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var upsert = new NpgsqlCommand("""
            INSERT INTO orders(id, customer, total_cents, changes) VALUES($1, $2, $3, 1)
            ON CONFLICT(id) DO UPDATE SET total_cents = excluded.total_cents, changes = orders.changes + 1
            RETURNING changes
            """, connection, transaction)
        { Parameters = { new() { Value = order.OrderId }, new() { Value = order.CustomerId }, new() { Value = order.TotalCents } } };
        var change = (int)(await upsert.ExecuteScalarAsync(cancellation))!;
        await transaction.PublishAsync(
            new OrderPlaced
            {
                OrderId = order.OrderId, CustomerId = order.CustomerId, TotalCents = order.TotalCents, Sequence = change,
            }, cancellation);
        await transaction.CommitAsync(cancellation);
        return change;
    }

    /// <summary>Records a delivery.</summary>
    public async Task RecordAsync(OrderPlaced order, int attempt, CancellationToken cancellation)
    {
        await using var insert = database.CreateCommand(
            "INSERT INTO received(order_id, sequence, attempt, pod) VALUES($1, $2, $3, $4)");
        object[] values = [order.OrderId, order.Sequence, attempt, Pod];
        foreach (var value in values) insert.Parameters.Add(new NpgsqlParameter { Value = value });
        await insert.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>How many deliveries were recorded; throws where the database cannot be reached.</summary>
    public async Task<long> CountReceivedAsync(CancellationToken cancellation)
    {
        await using var count = database.CreateCommand("SELECT count(*) FROM received");
        return (long)(await count.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Whether the database answers.</summary>
    public async Task<bool> IsReachableAsync(CancellationToken cancellation)
    {
        try
        {
            await using var ask = database.CreateCommand("SELECT 1");
            await ask.ExecuteNonQueryAsync(cancellation);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
