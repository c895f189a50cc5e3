using Acme.Orders.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Sidecar.Client.Consuming;
using Sidecar.Delivery.V1;

namespace Sidecar.Client.Tests.Consuming;

internal sealed class TypedMethodTests
{
    [Test]
    public async Task A_service_of_the_team_reads_the_facts_from_the_metadata()
    {
        var context = await CallAsync(new Metadata
        {
            { "ce-id", "42" },
            { "ce-source", "/orders" },
            { "ce-type", "acme.%C3%A4" },
            { "sidecar-topic", "orders.v1" },
            { "sidecar-partition", "3" },
            { "sidecar-offset", "9000000000" },
            { "sidecar-attempt", "2" },
            { "sidecar-delivery-id", "d-1" },
            { "ce-datacontenttype", "application/protobuf" },
            { "ce-time", "2026-11-22T10:00:00.5Z" },
            { "sidecar-key-bin", [0xFF] },
            {
                "sidecar-headers-bin",
                new HeaderList
                {
                    Headers =
                    {
                        new Header { Name = "tenant", Value = ByteString.CopyFromUtf8("a") },
                        new Header { Name = "tenant" },
                    },
                }.ToByteArray()
            },
        });
        Assert.Multiple(() =>
        {
            Assert.That(context.Id, Is.EqualTo("42"));
            Assert.That(context.Source, Is.EqualTo("/orders"));
            Assert.That(context.Type, Is.EqualTo("acme.ä"));
            Assert.That(
                (context.Topic, context.Partition, context.Offset), Is.EqualTo(("orders.v1", 3, 9_000_000_000)));
            Assert.That((context.Attempt, context.DeliveryId), Is.EqualTo((2, "d-1")));
            Assert.That(context.ContentType, Is.EqualTo("application/protobuf"));
            Assert.That(context.Time, Is.EqualTo(new DateTimeOffset(2026, 11, 22, 10, 0, 0, 500, TimeSpan.Zero)));
            Assert.That(context.Key!.Value.ToArray(), Is.EqualTo(new byte[] { 0xFF }));
            Assert.That(context.Headers.Select(header => header.HasValue), Is.EqualTo(new[] { true, false }));
            Assert.That(context.HeaderText("tenant"), Is.Null, "the last of that name is null");
            Assert.That(context.IsTombstone, Is.False);
            Assert.That(context.Data, Is.Null);
        });
    }

    [Test]
    public async Task A_tombstone_says_so_and_a_key_that_is_absent_is_null()
    {
        var context = await CallAsync(new Metadata { { "sidecar-tombstone", "true" } });
        Assert.That(context.IsTombstone, Is.True);
        Assert.That(context.Key, Is.Null);
    }

    [Test]
    public void Metadata_that_no_agent_sends_is_an_invalid_argument() => Assert.That(
        async () => await CallAsync(new Metadata { { "sidecar-offset", "many" } }),
        Throws.TypeOf<RpcException>().With.Property("StatusCode").EqualTo(StatusCode.InvalidArgument));

    private static async Task<EventContext> CallAsync(Metadata metadata)
    {
        var seen = new Seen();
        await using var app = await ConsumerApplication.StartAsync(
            app => app.MapGrpcService<TeamService>(), builder => builder.Services.AddSingleton(seen));
        var client = new OrderEventsService.OrderEventsServiceClient(app.Channel);
        await client.HandleOrderPlacedAsync(new OrderPlaced(), metadata);
        return seen.Context!;
    }

    internal sealed class Seen
    {
        public EventContext? Context { get; set; }
    }

    internal sealed class TeamService(Seen seen) : OrderEventsService.OrderEventsServiceBase
    {
        public override Task<HandleOrderPlacedResponse> HandleOrderPlaced(
            OrderPlaced request, ServerCallContext context)
        {
            seen.Context = EventContext.From(context);
            return Task.FromResult(new HandleOrderPlacedResponse());
        }
    }
}
