using System.Buffers.Text;
using System.Numerics;
using System.Text;

namespace Sidecar.Agent.Delivery;

/// <summary>How many bytes the parts of a protobuf message take on the wire.</summary>
internal static class ProtoSize
{
    /// <summary>Bytes of the tag of any field numbered 1 to 15; the delivery contract has no others.</summary>
    internal const int Tag = 1;

    /// <summary>Bytes of a varint.</summary>
    internal static int Varint(ulong value) => (70 - BitOperations.LeadingZeroCount(value | 1)) / 7;

    /// <summary>A length and what it measures, without a tag.</summary>
    internal static long Delimited(long length) => Varint((ulong)length) + length;

    /// <summary>A string, bytes or message field that is there.</summary>
    internal static long Field(long length) => Tag + Delimited(length);

    /// <summary>A string field, which is left out when it is empty.</summary>
    internal static long Text(long length) => length == 0 ? 0 : Field(length);

    /// <summary>An integer field, which is left out when it is zero; a negative one takes ten bytes.</summary>
    internal static long Integer(long value) => value == 0 ? 0 : Tag + Varint((ulong)value);

    /// <summary>The content of a google.protobuf.Timestamp.</summary>
    internal static long Instant(Instant value) => Integer(value.Seconds) + Integer(value.Nanos);
}

/// <summary>Writes protobuf fields into memory that was measured with <see cref="ProtoSize"/> before.</summary>
internal ref struct ProtoWriter(Span<byte> target)
{
    private const int VarintType = 0;
    private const int DelimitedType = 2;
    private readonly Span<byte> target = target;

    /// <summary>Bytes written so far.</summary>
    internal int Written { get; private set; }

    /// <summary>The start of a field that has a length: its content follows.</summary>
    internal void Start(int field, long length)
    {
        Varint((ulong)((field << 3) | DelimitedType));
        Varint((ulong)length);
    }

    internal void Bytes(int field, scoped ReadOnlySpan<byte> value)
    {
        Start(field, value.Length);
        Raw(value);
    }

    internal void Text(int field, scoped ReadOnlySpan<byte> utf8)
    {
        if (!utf8.IsEmpty)
        {
            Bytes(field, utf8);
        }
    }

    internal void Integer(int field, long value)
    {
        if (value != 0)
        {
            Varint((ulong)((field << 3) | VarintType));
            Varint((ulong)value);
        }
    }

    internal void Instant(int field, Instant value)
    {
        Start(field, ProtoSize.Instant(value));
        Integer(1, value.Seconds);
        Integer(2, value.Nanos);
    }

    internal void Raw(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(target[Written..]);
        Written += bytes.Length;
    }

    internal void RawText(string text) => Written += Encoding.UTF8.GetBytes(text, target[Written..]);

    internal void RawDecimal(long value)
    {
        Utf8Formatter.TryFormat(value, target[Written..], out var written);
        Written += written;
    }

    internal void RawHex(ulong value)
    {
        value.TryFormat(target[Written..], out var written, "x16");
        Written += written;
    }

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            target[Written++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[Written++] = (byte)value;
    }
}
