// Writes orders, and publishes an event for each change in the same transaction.
//   orders-producer --database FILE | --postgres CONNECTION
//                   [--orders 100] [--events 5] [--rollback-every 25] [--topic NAME] [--output json]
using System.Data.Common;
using System.Text.Json;
using Acme.Orders.V1;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Sidecar.Client.Publishing;

var settings = new ConfigurationBuilder().AddCommandLine(args).Build();
var orders = settings.GetValue("orders", 100);
var eventsPerOrder = settings.GetValue("events", 5);
var rollbackEvery = settings.GetValue("rollback-every", 25);
var options = new PublishOptions { Topic = settings["topic"] };
var json = settings["output"] == "json";
if (Connect(settings) is not { } connection)
{
    Console.Error.WriteLine("Which database? orders-producer --database FILE, or --postgres CONNECTION");
    return 2;
}

await using var closedAtTheEnd = connection;
await connection.OpenAsync();
await ExecuteAsync(transaction: null, """
    CREATE TABLE IF NOT EXISTS orders(id TEXT PRIMARY KEY, total_cents INTEGER NOT NULL, changes INTEGER NOT NULL)
    """);

var changes = 0;
for (var sequence = 1; sequence <= eventsPerOrder; sequence++)
{
    for (var order = 1; order <= orders; order++)
    {
        var placed = new OrderPlaced
        {
            OrderId = $"order-{order:D4}",
            CustomerId = $"customer-{order % 17}",
            TotalCents = 1000 * sequence + order,
            Sequence = sequence,
        };
        changes++;
        if (rollbackEvery > 0 && changes % rollbackEvery == 0)
        {
            // Something goes wrong before the commit: neither the row nor the event may be seen by anyone.
            await ChangeAsync(placed, commit: false);
        }

        await ChangeAsync(placed, commit: true);
    }
}

return 0;

static DbConnection? Connect(IConfiguration settings) => (settings["database"], settings["postgres"]) switch
{
    ({ } file, null) => new SqliteConnection($"Data Source={file}"),
    (null, { } server) => new NpgsqlConnection(server),
    _ => null,
};

async Task ChangeAsync(OrderPlaced placed, bool commit)
{
    await using var transaction = await connection.BeginTransactionAsync();
    await ExecuteAsync(transaction, """
        INSERT INTO orders(id, total_cents, changes) VALUES(@id, @cents, 1)
        ON CONFLICT(id) DO UPDATE SET total_cents = @cents, changes = orders.changes + 1
        """, ("@id", placed.OrderId), ("@cents", placed.TotalCents));
    await transaction.PublishAsync(placed, options);
    if (commit)
    {
        await transaction.CommitAsync();
    }
    else
    {
        await transaction.RollbackAsync();
    }

    var outcome = commit ? "committed" : "rolled-back";
    Console.WriteLine(json
        ? JsonSerializer.Serialize(new { order = placed.OrderId, sequence = placed.Sequence, outcome })
        : $"{placed.OrderId} #{placed.Sequence} {outcome}");
}

async Task ExecuteAsync(DbTransaction? transaction, string sql, params (string Name, object Value)[] parameters)
{
    await using var command = connection.CreateCommand();
    command.Transaction = transaction;
    command.CommandText = sql;
    foreach (var (name, value) in parameters)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }

    await command.ExecuteNonQueryAsync();
}
