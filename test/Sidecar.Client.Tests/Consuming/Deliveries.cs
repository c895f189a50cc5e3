using Acme.Orders.V1;
using Google.Protobuf;
using Sidecar.Delivery.V1;

namespace Sidecar.Client.Tests.Consuming;

/// <summary>Events as the agent sends them.</summary>
internal static class Deliveries
{
    public const string OrderPlacedType = "acme.orders.v1.OrderPlaced";

    public static Event Order(string id, int sequence = 1, int attempt = 1) => new()
    {
        Id = $"orders.v1/0/{sequence}",
        Type = OrderPlacedType,
        Key = ByteString.CopyFromUtf8(id),
        Data = new OrderPlaced { OrderId = id, Sequence = sequence }.ToByteString(),
        Position = new Position { Topic = "orders.v1", Partition = 0, Offset = sequence },
        Subscription = "orders",
        Attempt = attempt,
        DeliveryId = $"d-{id}-{sequence}",
    };

    public static DeliverRequest Single(Event delivered) => new() { Event = delivered };
}
