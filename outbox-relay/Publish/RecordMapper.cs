using System.Text;
using System.Text.Unicode;
using Confluent.Kafka;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>A row as a Kafka record, or why Kafka would never take it.</summary>
public readonly record struct MappedRow(Message<byte[]?, byte[]?>? Message, string? Poison);

/// <summary>
/// Makes records of rows: key and value untouched, the row's own headers in their order, then the CloudEvents headers
/// and the place in the outbox where the row does not carry them itself.
/// </summary>
/// <remarks>
/// The record's timestamp is the time of sending. The row's own time stands in <c>ce_time</c>: as the record's
/// timestamp it would let a topic's retention delete an event that had waited longer than that.
/// </remarks>
public sealed class RecordMapper(PublishOptions options, string outboxId)
{
    /// <summary>Bucket, epoch and number of the row: by it a reader can drop what a stale relay sent late.</summary>
    public const string SequenceHeader = "sidecar-outbox-seq";

    private const string IdHeader = "ce_id";
    private const string SourceHeader = "ce_source";
    private const string SpecVersionHeader = "ce_specversion";
    private const string TimeHeader = "ce_time";

    private static readonly byte[] SpecVersion = "1.0"u8.ToArray();
    private static readonly long MinTimeMs = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long MaxTimeMs = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private readonly byte[] source = Encoding.UTF8.GetBytes(options.Source ?? $"/outbox/{outboxId}");
    private readonly string idPrefix = outboxId + "-";

    /// <summary>The largest record that is sent.</summary>
    public int MaxMessageBytes => options.MaxMessageBytes;

    /// <summary>Later rows of a refused row's topic and key are held behind it.</summary>
    public bool HoldsKeys => options.OnRefused == OnRefused.Hold;

    /// <summary>The record, or the reason why the row is poison.</summary>
    public MappedRow Map(OutboxRow row)
    {
        if (!TopicNames.IsValid(row.Topic))
        {
            return new(null, $"'{Shorten(row.Topic)}' is not a valid topic name: {TopicNames.Rule}");
        }

        if (row.StoredBytes > options.MaxMessageBytes)
        {
            return TooLarge(row.StoredBytes);
        }

        var headers = new Headers();
        if (row.Headers is not null && RowHeaders.Read(row.Headers, headers) is { } wrong)
        {
            return new(null, wrong);
        }

        AddAbsent(row, headers);
        var message = new Message<byte[]?, byte[]?> { Key = row.Key, Value = row.Value, Headers = headers };
        var size = RecordSize.Of(message);
        return size > options.MaxMessageBytes ? TooLarge(size) : new(message, null);
    }

    private static string Shorten(string text) => text.Length <= 60 ? text : text[..60] + "...";

    private MappedRow TooLarge(long size) =>
        new(null, $"the record is {size} bytes; max-message-bytes is {options.MaxMessageBytes}");

    private void AddAbsent(OutboxRow row, Headers headers)
    {
        var own = headers.Count;
        if (!Has(headers, own, SpecVersionHeader))
        {
            headers.Add(SpecVersionHeader, SpecVersion);
        }

        if (!Has(headers, own, IdHeader))
        {
            headers.Add(IdHeader, Numbered(idPrefix, row.Id));
        }

        if (!Has(headers, own, SourceHeader))
        {
            headers.Add(SourceHeader, source);
        }

        if (!Has(headers, own, TimeHeader) && row.CreatedMs >= MinTimeMs && row.CreatedMs <= MaxTimeMs)
        {
            headers.Add(TimeHeader, Time(row.CreatedMs));
        }

        if (own > 0)
        {
            headers.Remove(SequenceHeader);
        }

        headers.Add(SequenceHeader, Place(row));
    }

    private static bool Has(Headers headers, int own, string name)
    {
        for (var i = 0; i < own; i++)
        {
            if (headers[i].Key == name)
            {
                return true;
            }
        }

        return false;
    }

    private static byte[] Numbered(string prefix, long number)
    {
        Span<byte> text = stackalloc byte[80];
        Utf8.TryWrite(text, $"{prefix}{number}", out var written);
        return text[..written].ToArray();
    }

    private static byte[] Place(OutboxRow row)
    {
        Span<byte> text = stackalloc byte[80];
        Utf8.TryWrite(text, $"{row.Bucket}/{row.Epoch}/{row.Id}", out var written);
        return text[..written].ToArray();
    }

    private static byte[] Time(long ms)
    {
        Span<byte> text = stackalloc byte[32];
        Utf8.TryWrite(
            text, $"{DateTimeOffset.FromUnixTimeMilliseconds(ms).UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}",
            out var written);
        return text[..written].ToArray();
    }
}
