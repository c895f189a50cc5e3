namespace Sidecar.Agent.Delivery;

/// <summary>A point in time as a protobuf Timestamp: seconds since the Unix epoch, nanoseconds from 0 on.</summary>
internal readonly record struct Instant(long Seconds, int Nanos)
{
    /// <summary>0001-01-01T00:00:00Z, the earliest that a Timestamp may hold.</summary>
    internal const long MinSeconds = -62_135_596_800;

    /// <summary>9999-12-31T23:59:59Z, the latest that a Timestamp may hold.</summary>
    internal const long MaxSeconds = 253_402_300_799;

    private const int NanosPerMillisecond = 1_000_000;
    private const int SecondFractionDigits = 9;

    /// <summary>
    /// From Kafka's timestamp; false where the record has none (-1), or one that no Timestamp can hold (some producers
    /// count in nanoseconds).
    /// </summary>
    internal static bool TryFromUnixMs(long milliseconds, out Instant instant)
    {
        instant = new Instant(milliseconds / 1000, (int)(milliseconds % 1000) * NanosPerMillisecond);
        return milliseconds >= 0 && instant.Seconds <= MaxSeconds;
    }

    /// <summary>
    /// From RFC 3339 text, <c>2026-05-04T03:02:01.5+02:00</c>. Digits beyond the nanosecond are dropped; a leap second
    /// is the second after it, since Unix time has no name for it.
    /// </summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out Instant instant)
    {
        instant = default;
        if (text.Length < "2026-01-01T00:00:00Z".Length
            || !Digits(text[..4], out var year) || text[4] != '-'
            || !Digits(text[5..7], out var month) || text[7] != '-'
            || !Digits(text[8..10], out var day) || (text[10] | 0x20) != 't'
            || !Digits(text[11..13], out var hour) || text[13] != ':'
            || !Digits(text[14..16], out var minute) || text[16] != ':'
            || !Digits(text[17..19], out var second)
            || !Fraction(text[19..], out var nanos, out var fractionLength)
            || !Offset(text[(19 + fractionLength)..], out var offsetSeconds))
        {
            return false;
        }

        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 60)
        {
            return false;
        }

        var days = new DateOnly(year, month, day).DayNumber;
        var seconds = MinSeconds + (days * 86_400L) + (hour * 3600) + (minute * 60) + second - offsetSeconds;
        instant = new Instant(seconds, nanos);
        return seconds is >= MinSeconds and <= MaxSeconds;
    }

    /// <summary>RFC 3339 text, to the millisecond; only for instants within the range of Timestamp.</summary>
    public override string ToString() =>
        DateTimeOffset.FromUnixTimeMilliseconds((Seconds * 1000) + (Nanos / NanosPerMillisecond))
            .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            value = (value * 10) + digit - '0';
        }

        return true;
    }

    private static bool Fraction(ReadOnlySpan<byte> text, out int nanos, out int length)
    {
        nanos = 0;
        length = 0;
        if (text[0] != '.')
        {
            return true;
        }

        for (length = 1; length < text.Length && text[length] is >= (byte)'0' and <= (byte)'9'; length++)
        {
            if (length <= SecondFractionDigits)
            {
                nanos = (nanos * 10) + text[length] - '0';
            }
        }

        for (var digits = length - 1; digits < SecondFractionDigits; digits++)
        {
            nanos *= 10;
        }

        return length > 1;
    }

    private static bool Offset(ReadOnlySpan<byte> text, out int seconds)
    {
        seconds = 0;
        if (text.Length == 1)
        {
            return (text[0] | 0x20) == 'z';
        }

        if (text.Length != "+00:00".Length || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':'
            || !Digits(text[1..3], out var hours) || !Digits(text[4..6], out var minutes)
            || hours > 23 || minutes > 59)
        {
            return false;
        }

        seconds = ((hours * 3600) + (minutes * 60)) * (text[0] == '-' ? -1 : 1);
        return true;
    }
}
