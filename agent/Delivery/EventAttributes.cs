using System.Text.Unicode;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// What a record's headers say of the event: the CloudEvents attributes, where they lie. One that is null, empty or
/// not UTF-8 counts as not there (the raw header is delivered all the same); of one that is repeated the last counts,
/// as for Kafka's own <c>lastHeader</c>.
/// </summary>
internal ref struct EventAttributes
{
    internal ReadOnlySpan<byte> Id;
    internal ReadOnlySpan<byte> Source;
    internal ReadOnlySpan<byte> Type;
    internal ReadOnlySpan<byte> Subject;
    internal ReadOnlySpan<byte> Time;
    internal ReadOnlySpan<byte> ContentType;

    /// <summary>The event's time, if it has one: a valid <c>ce_time</c>, otherwise the record's timestamp.</summary>
    internal Instant Instant;

    /// <summary>The event has a time.</summary>
    internal bool HasInstant;

    /// <summary><see cref="Time"/> is the text that <see cref="Instant"/> was read from.</summary>
    internal bool HasTimeText;

    /// <summary>The event is named by <c>ce_id</c>; otherwise by its place in Kafka.</summary>
    internal readonly bool HasOwnId => !Id.IsEmpty && !Source.IsEmpty;

    internal static EventAttributes Of(EventRecord record)
    {
        var found = default(EventAttributes);
        foreach (var header in record.Headers)
        {
            found.Take(header.Name, header.Value);
        }

        found.HasTimeText = !found.Time.IsEmpty && Instant.TryParse(found.Time, out found.Instant);
        found.HasInstant = found.HasTimeText || Instant.TryFromUnixMs(record.TimestampMs, out found.Instant);
        return found;
    }

    private void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        switch (name.Length)
        {
            case 5 when name.SequenceEqual("ce_id"u8):
                Id = Valid(value);
                break;
            case 7 when name.SequenceEqual("ce_type"u8):
                Type = Valid(value);
                break;
            case 7 when name.SequenceEqual("ce_time"u8):
                Time = Valid(value);
                break;
            case 9 when name.SequenceEqual("ce_source"u8):
                Source = Valid(value);
                break;
            case 10 when name.SequenceEqual("ce_subject"u8):
                Subject = Valid(value);
                break;
            case 12 when name.SequenceEqual("content-type"u8):
                ContentType = Valid(value);
                break;
        }
    }

    private static ReadOnlySpan<byte> Valid(ReadOnlySpan<byte> value) => Utf8.IsValid(value) ? value : default;
}
