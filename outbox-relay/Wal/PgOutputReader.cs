using System.Buffers.Binary;
using System.Text;

namespace Sidecar.OutboxRelay.Wal;

/// <summary>Walks over one message: big-endian numbers, texts that end with a zero, and values with their length.</summary>
internal ref struct PgOutputReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> message = message;
    private int at;

    /// <summary>The message; what <see cref="Counted"/> gives are parts of it.</summary>
    public readonly ReadOnlySpan<byte> Whole => message;

    public byte Byte() => Next(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Next(2));

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Next(4));

    public void Skip(int bytes) => Next(bytes);

    /// <summary>Where a value stands that comes after its length.</summary>
    public Range Counted()
    {
        var length = (int)UInt32();
        Next(length);
        return (at - length)..at;
    }

    public string Text()
    {
        var end = message[at..].IndexOf((byte)0);
        if (end < 0)
        {
            throw new InvalidDataException("a text without an end");
        }

        var text = Encoding.UTF8.GetString(message.Slice(at, end));
        at += end + 1;
        return text;
    }

    private ReadOnlySpan<byte> Next(int bytes)
    {
        if (bytes < 0 || bytes > message.Length - at)
        {
            throw new InvalidDataException($"a message of {message.Length} bytes that says it has more");
        }

        at += bytes;
        return message.Slice(at - bytes, bytes);
    }
}
