using Google.Protobuf;
using Grpc.Core;
using Sidecar.Delivery.V1;

namespace Sidecar.Client.Consuming;

/// <summary>The facts of one event, as one attempt to deliver it. Valid until its handler ends.</summary>
public sealed class EventContext
{
    private readonly Event _event;

    internal EventContext(Event delivered, bool isTombstone, IServiceProvider services)
    {
        _event = delivered;
        IsTombstone = isTombstone;
        Services = services;
    }

    /// <summary>
    /// With <see cref="Source"/> the same for every attempt and every copy: what to be idempotent by.
    /// </summary>
    public string Id => _event.Id;

    /// <summary>Empty where the record has none.</summary>
    public string Source => _event.Source;

    /// <summary>Empty where the record has none.</summary>
    public string Type => _event.Type;

    /// <summary>Empty where the record has none.</summary>
    public string Subject => _event.Subject;

    /// <summary>When it happened, by the record; null where the record has no time.</summary>
    public DateTimeOffset? Time => _event.Time?.ToDateTimeOffset();

    /// <summary>Empty where the record has none.</summary>
    public string ContentType => _event.ContentType;

    /// <summary>The record's key; null is not the same as empty.</summary>
    public ReadOnlyMemory<byte>? Key => Bytes(_event.HasKey, _event.Key);

    /// <summary>
    /// The record's value; null for a tombstone, and in a typed method, where the request is the value.
    /// </summary>
    public ReadOnlyMemory<byte>? Data => Bytes(_event.HasData, _event.Data);

    /// <summary>The record's value is null, which is not the same as empty.</summary>
    public bool IsTombstone { get; }

    /// <summary>
    /// All headers of the record, in their order; names may repeat. In a typed method they are left out where they
    /// would take more than 4 KB.
    /// </summary>
    public IReadOnlyList<Header> Headers => _event.Headers;

    /// <summary>The topic that the record stands in.</summary>
    public string Topic => _event.Position?.Topic ?? "";

    /// <summary>The partition that the record stands in.</summary>
    public int Partition => _event.Position?.Partition ?? 0;

    /// <summary>The record's offset in its partition.</summary>
    public long Offset => _event.Position?.Offset ?? 0;

    /// <summary>The subscription that it is delivered for; empty in a typed method.</summary>
    public string Subscription => _event.Subscription;

    /// <summary>1 for the first attempt.</summary>
    public int Attempt => _event.Attempt;

    /// <summary>When this agent first received the record; null in a typed method.</summary>
    public DateTimeOffset? FirstSeenTime => _event.FirstSeenTime?.ToDateTimeOffset();

    /// <summary>Names this attempt, and no other.</summary>
    public string DeliveryId => _event.DeliveryId;

    /// <summary>The application's services, in a scope of this event alone.</summary>
    public IServiceProvider Services { get; }

    /// <summary>The facts of an event that came by a typed method, from the metadata of its call.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: the metadata is not what an agent sends.</exception>
    public static EventContext From(ServerCallContext call)
    {
        ArgumentNullException.ThrowIfNull(call);
        var delivered = TypedCall.ReadEvent(call.RequestHeaders);
        var isTombstone = TypedCall.IsTombstone(call.RequestHeaders);
        return new EventContext(delivered, isTombstone, call.GetHttpContext().RequestServices);
    }

    /// <summary>The last header of that name as text; null where there is none, or its value is null.</summary>
    public string? HeaderText(string name)
    {
        var header = _event.Headers.LastOrDefault(header => header.Name == name);
        return header is { HasValue: true } ? header.Value.ToStringUtf8() : null;
    }

    /// <summary>A plain null would become an empty memory here, by way of byte[].</summary>
    private static ReadOnlyMemory<byte>? Bytes(bool isPresent, ByteString bytes) =>
        isPresent ? bytes.Memory : default(ReadOnlyMemory<byte>?);
}
