// Receives OrderPlaced events from the agent, and prints one line for each attempt.
//   orders-consumer [--address 127.0.0.1:50051] [--fail-every 50] [--seed 1] [--output json]
using System.Text.Json;
using Acme.Orders.V1;
using Orders.Consumer;
using Sidecar.Client.Consuming;

var builder = WebApplication.CreateSlimBuilder(args);
var failEvery = builder.Configuration.GetValue("fail-every", 0u);
var seed = builder.Configuration.GetValue("seed", 1);
var json = builder.Configuration["output"] == "json";
// Lines about events go to standard output, and everything else to standard error.
builder.Logging.ClearProviders()
    .AddSimpleConsole()
    .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace)
    .SetMinimumLevel(LogLevel.Warning);
builder.AddSidecarConsumer(options => options.Address = builder.Configuration["address"] ?? options.Address);

var app = builder.Build();
app.MapEvent<OrderPlaced>((order, context, _) =>
{
    var trouble = context.Attempt == 1 ? TroubleWith(order) : Trouble.None;
    Console.WriteLine(json
        ? JsonSerializer.Serialize(new
        {
            order = order.OrderId,
            sequence = order.Sequence,
            attempt = context.Attempt,
            answer = trouble == Trouble.None ? "ack" : "fail",
        })
        : $"{order.OrderId} #{order.Sequence} attempt {context.Attempt}: {trouble}");
    return trouble switch
    {
        Trouble.None => Task.FromResult(Verdict.Ack),
        Trouble.Busy => Task.FromResult(Verdict.Retry(TimeSpan.FromMilliseconds(100), "the warehouse is busy")),
        Trouble.Crash => throw new InvalidOperationException("The warehouse cannot be reached."),
    };
});
await app.RunAsync();

// The same events fail in every run: chance by the event's name and a seed, not by the order of arrival.
Trouble TroubleWith(OrderPlaced order)
{
    var chance = $"{seed}/{order.OrderId}#{order.Sequence}".Aggregate(2166136261, (hash, c) => (hash ^ c) * 16777619);
    return failEvery == 0 || chance % failEvery != 0 ? Trouble.None
        : chance / failEvery % 2 == 0 ? Trouble.Busy
        : Trouble.Crash;
}
