using System.Buffers.Binary;

namespace Sidecar.Agent.Contracts;

/// <summary>One header of a record; <see cref="IsNull"/> tells a null value from an empty one.</summary>
public readonly ref struct RecordHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isNull)
{
    /// <summary>The name's bytes. Kafka means them to be UTF-8; nothing enforces it.</summary>
    public ReadOnlySpan<byte> Name { get; } = name;

    /// <summary>The value's bytes; empty where it is null.</summary>
    public ReadOnlySpan<byte> Value { get; } = value;

    /// <summary>The value is null, which is not the same as empty.</summary>
    public bool IsNull { get; } = isNull;
}

/// <summary>
/// Walks the headers of a record where they lie, without allocating. Each is packed as: length of the name (int32),
/// name, length of the value (int32, -1 for null), value.
/// </summary>
public ref struct RecordHeaders(ReadOnlySpan<byte> packed)
{
    internal const int LengthBytes = sizeof(int);

    private ReadOnlySpan<byte> rest = packed;

    /// <summary>The header that <see cref="MoveNext"/> has stepped to.</summary>
    public RecordHeader Current { get; private set; }

    /// <summary>There is no header (left).</summary>
    public readonly bool IsEmpty => rest.IsEmpty;

    /// <summary>Makes <c>foreach</c> work.</summary>
    public readonly RecordHeaders GetEnumerator() => this;

    /// <summary>Steps to the next header; false at the end.</summary>
    public bool MoveNext()
    {
        if (rest.IsEmpty)
        {
            return false;
        }

        var name = Take();
        var isNull = BinaryPrimitives.ReadInt32LittleEndian(rest) < 0;
        Current = new RecordHeader(name, Take(), isNull);
        return true;
    }

    private ReadOnlySpan<byte> Take()
    {
        var length = Math.Max(BinaryPrimitives.ReadInt32LittleEndian(rest), 0);
        var taken = rest.Slice(LengthBytes, length);
        rest = rest[(LengthBytes + length)..];
        return taken;
    }
}
