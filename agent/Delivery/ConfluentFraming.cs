namespace Sidecar.Agent.Delivery;

/// <summary>
/// The Schema Registry's prefix of a protobuf value: a zero byte, the schema's id (4 bytes), and the message's place in
/// its schema as a counted list of zig-zag varints, where a single zero stands for "the first message".
/// </summary>
internal static class ConfluentFraming
{
    /// <summary>Messages nested deeper than this are taken as a value that is not framed.</summary>
    internal const int MaxIndexes = 64;

    private const byte Magic = 0;
    private const int FixedBytes = 5;

    /// <summary>Finds where the message starts.</summary>
    /// <param name="value">The record's value.</param>
    /// <param name="start">Where the message starts.</param>
    /// <returns>Why the value is not framed so; null: it is.</returns>
    internal static string? Skip(ReadOnlySpan<byte> value, out int start)
    {
        start = 0;
        if (value.Length <= FixedBytes)
        {
            return $"framing confluent: the value has {value.Length} bytes, the prefix at least {FixedBytes + 1}";
        }

        if (value[0] != Magic)
        {
            return $"framing confluent: the value starts with byte 0x{value[0]:x2}, not with 0x00";
        }

        start = FixedBytes;
        if (!Zigzag(value, ref start, out var count) || count is < 0 or > MaxIndexes)
        {
            return "framing confluent: the value's list of message indexes cannot be read";
        }

        for (var index = 0; index < count; index++)
        {
            if (!Zigzag(value, ref start, out var place) || place < 0)
            {
                return "framing confluent: the value's list of message indexes cannot be read";
            }
        }

        return null;
    }

    private static bool Zigzag(ReadOnlySpan<byte> bytes, ref int at, out long value)
    {
        value = 0;
        ulong raw = 0;
        for (var shift = 0; shift < 35 && at < bytes.Length; shift += 7)
        {
            var part = bytes[at++];
            raw |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                value = (long)(raw >> 1) ^ -(long)(raw & 1);
                return true;
            }
        }

        return false;
    }
}
