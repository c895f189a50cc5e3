using System.Text;
using Grpc.Core;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// The metadata of one call, within what every gRPC stack takes. Nothing is allocated until there is something to send.
/// </summary>
internal struct CallMetadata
{
    /// <summary>
    /// All that we add to a call, counted as HTTP/2 counts it. Stacks refuse more than 8 KiB in a call, and the client
    /// library needs some hundred bytes of that for its own.
    /// </summary>
    internal const int MaxBytes = 7 * 1024;

    /// <summary>What HTTP/2 counts for each entry besides name and value.</summary>
    internal const int EntryBytes = 32;

    private int used;

    /// <summary>What is sent; null: nothing.</summary>
    internal Metadata? Entries { get; private set; }

    /// <summary>Adds printable ASCII; false where it does not fit any more, and then nothing is added.</summary>
    internal bool TryAdd(string name, string value)
    {
        if (!TryTake(name, value.Length))
        {
            return false;
        }

        (Entries ??= []).Add(name, value);
        return true;
    }

    /// <summary>Adds bytes under a name that ends in <c>-bin</c>; false where they do not fit any more.</summary>
    internal bool TryAddBinary(string name, ReadOnlySpan<byte> value)
    {
        if (!TryTake(name, Base64Length(value.Length)))
        {
            return false;
        }

        (Entries ??= []).Add(name, value.ToArray());
        return true;
    }

    /// <summary>
    /// Text as metadata carries it. As in the HTTP binding of CloudEvents, everything but printable ASCII is
    /// percent-encoded, and so are the space, the quote and the percent sign.
    /// </summary>
    internal static string Encode(ReadOnlySpan<byte> utf8)
    {
        var plain = true;
        foreach (var value in utf8)
        {
            plain &= IsPlain(value);
        }

        if (plain)
        {
            return Encoding.ASCII.GetString(utf8);
        }

        var text = new StringBuilder(utf8.Length * 2);
        foreach (var value in utf8)
        {
            if (IsPlain(value))
            {
                text.Append((char)value);
            }
            else
            {
                text.Append('%').Append(value.ToString("X2"));
            }
        }

        return text.ToString();
    }

    private static bool IsPlain(byte value) => value is > 0x20 and < 0x7f and not ((byte)'"' or (byte)'%');

    private static long Base64Length(long length) => (length + 2) / 3 * 4;

    private bool TryTake(string name, long valueLength)
    {
        var needed = name.Length + valueLength + EntryBytes;
        if (needed > MaxBytes - used)
        {
            return false;
        }

        used += (int)needed;
        return true;
    }
}
