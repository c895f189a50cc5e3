using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Sidecar.Delivery.V1;

namespace Sidecar.Client.Consuming;

/// <summary>
/// A call of a typed method: the event's value is the request, and everything else is metadata. Texts are
/// percent-encoded where they are not plain ASCII; bytes are in <c>-bin</c> entries.
/// </summary>
internal static class TypedCall
{
    public static bool IsTombstone(Metadata metadata) => metadata.GetValue("sidecar-tombstone") == "true";

    public static Event ReadEvent(Metadata metadata)
    {
        var delivered = new Event
        {
            Id = Text(metadata, "ce-id"),
            Source = Text(metadata, "ce-source"),
            Type = Text(metadata, "ce-type"),
            Subject = Text(metadata, "ce-subject"),
            Time = Time(metadata, "ce-time"),
            ContentType = Text(metadata, "ce-datacontenttype"),
            Attempt = (int)Number(metadata, "sidecar-attempt"),
            DeliveryId = Text(metadata, "sidecar-delivery-id"),
            Position = new Position
            {
                Topic = Text(metadata, "sidecar-topic"),
                Partition = (int)Number(metadata, "sidecar-partition"),
                Offset = Number(metadata, "sidecar-offset"),
            },
        };
        if (metadata.GetValueBytes("sidecar-key-bin") is { } key)
        {
            delivered.Key = ByteString.CopyFrom(key);
        }

        if (metadata.GetValueBytes("sidecar-headers-bin") is { } headers)
        {
            delivered.Headers.AddRange(Headers(headers));
        }

        return delivered;
    }

    private static string Text(Metadata metadata, string name) =>
        metadata.GetValue(name) is { } value ? Uri.UnescapeDataString(value) : "";

    private static long Number(Metadata metadata, string name) => metadata.GetValue(name) switch
    {
        null => 0,
        { } text when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) => n,
        { } text => throw NotFromAnAgent(name, text),
    };

    private static Timestamp? Time(Metadata metadata, string name) => metadata.GetValue(name) switch
    {
        null => null,
        { } text when DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) => time.ToTimestamp(),
        { } text => throw NotFromAnAgent(name, text),
    };

    private static RepeatedField<Header> Headers(byte[] serialized)
    {
        try
        {
            return HeaderList.Parser.ParseFrom(serialized).Headers;
        }
        catch (InvalidProtocolBufferException)
        {
            throw NotFromAnAgent("sidecar-headers-bin", $"{serialized.Length} bytes");
        }
    }

    private static RpcException NotFromAnAgent(string name, string value) =>
        new(new Status(StatusCode.InvalidArgument, $"The metadata entry {name} cannot be read: {value}"));
}
