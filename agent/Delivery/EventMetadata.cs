using System.Text;
using Grpc.Core;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// The attributes of an event as metadata of a typed call. What names and places the event must fit, or the event is
/// not sent; the trace context and the list of all headers are left out where they do not.
/// </summary>
internal static class EventMetadata
{
    /// <summary>A longer list of headers, as a serialized HeaderList, is left out and its size told instead.</summary>
    internal const int MaxHeaderListBytes = 4096;

    private const string HeadersName = "sidecar-headers-bin";

    /// <summary>Makes the metadata.</summary>
    /// <returns>The outcome where the event does not fit; null: it does.</returns>
    internal static AttemptOutcome? Make(EventRecord record, Attempt attempt, out Metadata? entries)
    {
        var metadata = default(CallMetadata);
        entries = null;
        var tooLong = AddAttributes(ref metadata, record, attempt) ?? AddHeaders(ref metadata, record);
        if (tooLong is not null)
        {
            return new AttemptOutcome(
                AttemptEnd.TooLarge,
                StatusCode.OK,
                $"{tooLong} does not fit: the metadata of a typed call is limited to {CallMetadata.MaxBytes} bytes",
                null);
        }

        TraceContext.AddTo(ref metadata, record.Headers);
        entries = metadata.Entries;
        return null;
    }

    // The name of the first entry that does not fit; null: all are in. So it is with the methods below.
    private static string? AddHeaders(ref CallMetadata metadata, EventRecord record)
    {
        var size = DeliverRequestEncoder.MeasureHeaders(record.Headers);
        if (size == 0)
        {
            return null;
        }

        return size <= MaxHeaderListBytes && metadata.TryAddBinary(HeadersName, HeaderList(record, (int)size))
            ? null
            : Add(ref metadata, "sidecar-headers-omitted", size.ToString());
    }

    private static byte[] HeaderList(EventRecord record, int size)
    {
        var list = new byte[size];
        var writer = new ProtoWriter(list);
        DeliverRequestEncoder.WriteHeaders(ref writer, 1, record.Headers);
        return list;
    }

    private static string? AddAttributes(ref CallMetadata metadata, EventRecord record, Attempt attempt)
    {
        var position = record.Position;
        var attributes = EventAttributes.Of(record);
        var id = attributes.HasOwnId ? CallMetadata.Encode(attributes.Id) : EncodeText(position.ToString());
        var time = attributes.HasTimeText ? CallMetadata.Encode(attributes.Time)
            : attributes.HasInstant ? attributes.Instant.ToString()
            : "";
        return Add(ref metadata, "sidecar-topic", EncodeText(position.Topic))
            ?? Add(ref metadata, "sidecar-partition", position.Partition.ToString())
            ?? Add(ref metadata, "sidecar-offset", position.Offset.ToString())
            ?? Add(ref metadata, "sidecar-attempt", attempt.Number.ToString())
            ?? Add(ref metadata, "sidecar-delivery-id", attempt.DeliveryId.ToString("x16"))
            ?? Add(ref metadata, "sidecar-tombstone", record.HasValue ? "" : "true")
            ?? Add(ref metadata, "ce-id", id)
            ?? Add(ref metadata, "ce-source", CallMetadata.Encode(attributes.Source))
            ?? Add(ref metadata, "ce-type", CallMetadata.Encode(attributes.Type))
            ?? Add(ref metadata, "ce-subject", CallMetadata.Encode(attributes.Subject))
            ?? Add(ref metadata, "ce-time", time)
            ?? Add(ref metadata, "ce-datacontenttype", CallMetadata.Encode(attributes.ContentType))
            ?? AddKey(ref metadata, record);
    }

    // An attribute that the event does not have is not sent.
    private static string? Add(ref CallMetadata metadata, string name, string value) =>
        value.Length == 0 || metadata.TryAdd(name, value) ? null : name;

    private static string? AddKey(ref CallMetadata metadata, EventRecord record) =>
        !record.HasKey || metadata.TryAddBinary("sidecar-key-bin", record.Key) ? null : "the key (sidecar-key-bin)";

    private static string EncodeText(string text) => CallMetadata.Encode(Encoding.UTF8.GetBytes(text));
}
