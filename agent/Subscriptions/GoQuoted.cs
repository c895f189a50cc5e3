using System.Buffers;
using System.Globalization;
using System.Text;

namespace Sidecar.Agent.Subscriptions;

/// <summary>
/// Reads a string that Go wrote with <c>%q</c>, as the files of the Downward API are. Its escapes are not those of
/// JSON:
/// <c>\a \b \f \n \r \t \v \\ \"</c>, bytes as <c>\xNN</c> and <c>\NNN</c> (octal), and <c>\uNNNN</c>,
/// <c>\UNNNNNNNN</c>.
/// </summary>
public static class GoQuoted
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The text between the quotes; null, with the problem, where it is not a whole quoted string.</summary>
    public static string? Read(ReadOnlySpan<char> quoted, out string problem)
    {
        problem = "";
        if (quoted.Length < 2 || quoted[0] != '"')
        {
            problem = "the value does not start with a quote";
            return null;
        }

        var bytes = new ArrayBufferWriter<byte>(quoted.Length);
        var at = 1;
        while (at < quoted.Length)
        {
            if (quoted[at] == '"')
            {
                return at == quoted.Length - 1
                    ? Decode(bytes.WrittenSpan, out problem)
                    : Fail("something stands behind the closing quote", out problem);
            }

            var step = quoted[at] == '\\' ? Escape(quoted[at..], bytes) : Plain(quoted[at..], bytes);
            if (step == 0)
            {
                return Fail("an escape is not one of Go's, or is cut short", out problem);
            }

            at += step;
        }

        return Fail("the closing quote is missing: the line is not whole", out problem);
    }

    private static string? Fail(string what, out string problem)
    {
        problem = what;
        return null;
    }

    private static string? Decode(ReadOnlySpan<byte> bytes, out string problem)
    {
        problem = "";
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Fail("the value holds bytes that are not UTF-8", out problem);
        }
    }

    /// <summary>Copies up to the next quote or escape; the number of characters taken.</summary>
    private static int Plain(ReadOnlySpan<char> rest, ArrayBufferWriter<byte> bytes)
    {
        var length = rest.IndexOfAny('"', '\\');
        length = length < 0 ? rest.Length : length;
        bytes.Advance(Encoding.UTF8.GetBytes(rest[..length], bytes.GetSpan(Encoding.UTF8.GetMaxByteCount(length))));
        return length;
    }

    /// <summary>Takes one escape; the number of characters taken, 0 where it is not one.</summary>
    private static int Escape(ReadOnlySpan<char> rest, ArrayBufferWriter<byte> bytes)
    {
        if (rest.Length < 2)
        {
            return 0;
        }

        const string letters = "abfnrtv\\\"";
        const string meanings = "\a\b\f\n\r\t\v\\\"";
        var letter = letters.IndexOf(rest[1], StringComparison.Ordinal);
        if (letter >= 0)
        {
            bytes.Write([(byte)meanings[letter]]);
            return 2;
        }

        return rest[1] switch
        {
            'x' => Byte(rest, 2, 2, 16, bytes),
            'u' => Character(rest, 4, bytes),
            'U' => Character(rest, 8, bytes),
            >= '0' and <= '7' => Byte(rest, 1, 3, 8, bytes),
            _ => 0,
        };
    }

    private static int Byte(ReadOnlySpan<char> rest, int start, int digits, int radix, ArrayBufferWriter<byte> bytes)
    {
        if (Number(rest, start, digits, radix) is not (>= 0 and <= byte.MaxValue and var value))
        {
            return 0;
        }

        bytes.Write([(byte)value]);
        return start + digits;
    }

    private static int Character(ReadOnlySpan<char> rest, int digits, ArrayBufferWriter<byte> bytes)
    {
        var value = Number(rest, 2, digits, 16);
        if (value is < 0 or > 0x10FFFF || !Rune.IsValid((int)value))
        {
            return 0;
        }

        bytes.Advance(new Rune((int)value).EncodeToUtf8(bytes.GetSpan(4)));
        return 2 + digits;
    }

    private static long Number(ReadOnlySpan<char> rest, int start, int digits, int radix)
    {
        if (rest.Length < start + digits)
        {
            return -1;
        }

        long value = 0;
        foreach (var c in rest.Slice(start, digits))
        {
            var digit = char.IsAsciiHexDigit(c)
                ? int.Parse([c], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
                : radix;
            if (digit >= radix)
            {
                return -1;
            }

            value = (value * radix) + digit;
        }

        return value;
    }
}
