using System.Text;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// Writes a record as a <c>sidecar.delivery.v1.DeliverRequest</c>, straight from the record's bytes: no message object
/// and no string stands between. Measure first, then write exactly that many bytes. The fields and their rules are
/// those of delivery.proto; the tests hold it against the generated code.
/// </summary>
internal sealed class DeliverRequestEncoder(string subscription)
{
    private const int DeliveryIdLength = 16;
    private readonly byte[] subscription = Encoding.UTF8.GetBytes(subscription);

    /// <summary>The size of the whole request in bytes; it may be more than any message can have.</summary>
    internal long Measure(EventRecord record, Attempt attempt) =>
        ProtoSize.Field(MeasureEvent(record, EventAttributes.Of(record), attempt));

    /// <summary>Writes the request; <paramref name="target"/> has at least the measured size.</summary>
    /// <returns>Bytes written.</returns>
    internal int Write(EventRecord record, Attempt attempt, Span<byte> target)
    {
        var attributes = EventAttributes.Of(record);
        var writer = new ProtoWriter(target);
        writer.Start(1, MeasureEvent(record, attributes, attempt));
        WriteEvent(ref writer, record, attributes, attempt);
        return writer.Written;
    }

    /// <summary>The headers' size as a repeated field numbered below 16.</summary>
    internal static long MeasureHeaders(RecordHeaders headers)
    {
        var size = 0L;
        foreach (var header in headers)
        {
            size += ProtoSize.Field(MeasureHeader(header));
        }

        return size;
    }

    /// <summary>Writes the headers as repeated fields.</summary>
    internal static void WriteHeaders(ref ProtoWriter writer, int field, RecordHeaders headers)
    {
        foreach (var header in headers)
        {
            writer.Start(field, MeasureHeader(header));
            writer.Text(1, header.Name);
            if (!header.IsNull)
            {
                writer.Bytes(2, header.Value);
            }
        }
    }

    private static long MeasureHeader(RecordHeader header) =>
        ProtoSize.Text(header.Name.Length) + (header.IsNull ? 0 : ProtoSize.Field(header.Value.Length));

    private static long MeasureId(EventRecord record, in EventAttributes attributes) =>
        attributes.HasOwnId ? attributes.Id.Length : MeasurePlace(record.Position);

    private static long MeasurePlace(in TopicPosition position) =>
        Encoding.UTF8.GetByteCount(position.Topic) + 2 + Decimals(position.Partition) + Decimals(position.Offset);

    private static int Decimals(long value)
    {
        var count = value < 0 ? 2 : 1;
        while ((value /= 10) != 0)
        {
            count++;
        }

        return count;
    }

    private static long MeasurePosition(in TopicPosition position) =>
        ProtoSize.Text(Encoding.UTF8.GetByteCount(position.Topic))
        + ProtoSize.Integer(position.Partition)
        + ProtoSize.Integer(position.Offset);

    private long MeasureEvent(EventRecord record, in EventAttributes attributes, Attempt attempt)
    {
        var size = ProtoSize.Text(MeasureId(record, attributes))
            + ProtoSize.Text(attributes.Source.Length)
            + ProtoSize.Text(attributes.Type.Length)
            + ProtoSize.Text(attributes.Subject.Length)
            + ProtoSize.Text(attributes.ContentType.Length)
            + MeasureHeaders(record.Headers)
            + ProtoSize.Field(MeasurePosition(record.Position))
            + ProtoSize.Text(subscription.Length)
            + ProtoSize.Integer(attempt.Number)
            + ProtoSize.Field(DeliveryIdLength);
        size += attributes.HasInstant ? ProtoSize.Field(ProtoSize.Instant(attributes.Instant)) : 0;
        size += record.HasKey ? ProtoSize.Field(record.Key.Length) : 0;
        size += record.HasValue ? ProtoSize.Field(record.Value.Length) : 0;
        size += Instant.TryFromUnixMs(attempt.FirstSeenMs, out var seen) ? ProtoSize.Field(ProtoSize.Instant(seen)) : 0;
        return size;
    }

    private void WriteEvent(
        ref ProtoWriter writer, EventRecord record, in EventAttributes attributes, Attempt attempt)
    {
        WriteId(ref writer, record, attributes);
        writer.Text(2, attributes.Source);
        writer.Text(3, attributes.Type);
        writer.Text(4, attributes.Subject);
        if (attributes.HasInstant)
        {
            writer.Instant(5, attributes.Instant);
        }

        writer.Text(6, attributes.ContentType);
        if (record.HasKey)
        {
            writer.Bytes(7, record.Key);
        }

        if (record.HasValue)
        {
            writer.Bytes(8, record.Value);
        }

        WriteHeaders(ref writer, 9, record.Headers);
        WritePosition(ref writer, record.Position);
        writer.Text(11, subscription);
        writer.Integer(12, attempt.Number);
        if (Instant.TryFromUnixMs(attempt.FirstSeenMs, out var seen))
        {
            writer.Instant(13, seen);
        }

        writer.Start(14, DeliveryIdLength);
        writer.RawHex(attempt.DeliveryId);
    }

    private static void WriteId(ref ProtoWriter writer, EventRecord record, in EventAttributes attributes)
    {
        writer.Start(1, MeasureId(record, attributes));
        if (attributes.HasOwnId)
        {
            writer.Raw(attributes.Id);
            return;
        }

        writer.RawText(record.Position.Topic);
        writer.Raw("/"u8);
        writer.RawDecimal(record.Position.Partition);
        writer.Raw("/"u8);
        writer.RawDecimal(record.Position.Offset);
    }

    private static void WritePosition(ref ProtoWriter writer, in TopicPosition position)
    {
        writer.Start(10, MeasurePosition(position));
        if (position.Topic.Length > 0)
        {
            writer.Start(1, Encoding.UTF8.GetByteCount(position.Topic));
            writer.RawText(position.Topic);
        }

        writer.Integer(2, position.Partition);
        writer.Integer(3, position.Offset);
    }
}
