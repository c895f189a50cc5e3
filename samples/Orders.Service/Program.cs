// The service of charts/example-service: takes orders over HTTP and publishes each in the transaction that writes it; records
// every event that the agent delivers.
//   ORDERS_DATABASE_FILE=/etc/orders/app orders-service        the file holds the connection string of the database
using Acme.Orders.V1;
using Grpc.Core;
using Npgsql;
using Orders.Service;
using Sidecar.Client.Consuming;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
var connection = await File.ReadAllTextAsync(
    builder.Configuration["ORDERS_DATABASE_FILE"] ?? throw new InvalidOperationException("ORDERS_DATABASE_FILE is not set"));
builder.Services.AddSingleton(NpgsqlDataSource.Create(connection.Trim()));
builder.Services.AddSingleton<OrderBook>();
builder.AddSidecarConsumer();

var app = builder.Build();
app.MapGet("/livez", () => "live");
app.MapGet("/readyz", async (OrderBook book, CancellationToken cancellation) =>
    await book.IsReachableAsync(cancellation) ? Results.Text("ready") : Results.Text("no database", statusCode: 503));
app.MapPost("/orders", async (OrderRequest order, OrderBook book, CancellationToken cancellation) =>
    Results.Ok(new { order.OrderId, Change = await book.PlaceAsync(order, cancellation) }));
app.MapGet("/received", async (OrderBook book, CancellationToken cancellation) =>
    new { Deliveries = await book.CountReceivedAsync(cancellation) });

app.MapEvent<OrderPlaced>(async (order, context, cancellation) =>
{
    try
    {
        await context.Services.GetRequiredService<OrderBook>().RecordAsync(order, context.Attempt, cancellation);
        return Verdict.Ack;
    }
    catch (NpgsqlException error) when (error.IsTransient)
    {
        // Not the event's fault, so it costs no attempt: the agent waits until we are well again.
        throw new RpcException(new Status(StatusCode.Unavailable, "the database cannot be reached"));
    }
});
await app.RunAsync();
