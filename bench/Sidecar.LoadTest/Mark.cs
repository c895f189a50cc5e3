using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Sidecar.LoadTest;

/// <summary>
/// What tells the events of a run apart: event <c>i</c> has key <c>i mod keys</c> and sequence <c>i / keys</c>. The
/// mark
/// stands at the start of the value, behind eight bytes by which it is found in a larger message without parsing it.
/// </summary>
internal static class Mark
{
    /// <summary>The mark with its eight bytes; the least size of a value.</summary>
    public const int Length = 16;

    private static ReadOnlySpan<byte> Sign => [0xF7, 0x5D, 0xE4, 0x81, 0xC3, 0x99, 0xB6, 0xAA];

    /// <summary>The key of an event as Kafka has it.</summary>
    public static byte[] Key(int index, int keys) => Encoding.ASCII.GetBytes($"key-{index % keys:D5}");

    /// <summary>Writes the number of the event to the start of its value.</summary>
    public static void Write(Span<byte> value, int index)
    {
        Sign.CopyTo(value);
        BinaryPrimitives.WriteInt32LittleEndian(value[Sign.Length..], index);
        BinaryPrimitives.WriteInt32LittleEndian(value[(Sign.Length + sizeof(int))..], ~index);
    }

    /// <summary>The number of the event that a message carries; -1 where it carries none.</summary>
    public static int Find(ReadOnlySequence<byte> message) =>
        message.IsSingleSegment ? Find(message.FirstSpan) : Find(message.ToArray());

    /// <inheritdoc cref="Find(ReadOnlySequence{byte})"/>
    public static int Find(ReadOnlySpan<byte> message)
    {
        var at = message.IndexOf(Sign);
        if (at < 0 || message.Length < at + Length) return -1;
        var index = BinaryPrimitives.ReadInt32LittleEndian(message[(at + Sign.Length)..]);
        var check = BinaryPrimitives.ReadInt32LittleEndian(message[(at + Sign.Length + sizeof(int))..]);
        return check == ~index ? index : -1;
    }
}
