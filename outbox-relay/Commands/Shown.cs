using System.Globalization;
using System.Text;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>How keys, times and sizes are written for people, and a key is read.</summary>
internal static class Shown
{
    private const string Base64 = "base64:";

    /// <summary>What a key may look like on the command line.</summary>
    public const string KeyShape = "text, or base64:... for bytes";

    /// <summary>A key is bytes: shown as text where it is printable text, else in base64. Null: there is none.</summary>
    public static string? Key(byte[]? key) =>
        key is null ? null : Text(key) is { } text ? $"'{text}'" : Base64 + Convert.ToBase64String(key);

    /// <summary>The same without quotes, as the command line takes it back.</summary>
    public static string? PlainKey(byte[]? key) =>
        key is null ? null
        : Text(key) is { } text && !text.StartsWith(Base64, StringComparison.Ordinal) ? text
        : Base64 + Convert.ToBase64String(key);

    /// <summary>The bytes of a key as it was typed; null: what follows <c>base64:</c> is none.</summary>
    public static byte[]? ReadKey(string typed)
    {
        if (!typed.StartsWith(Base64, StringComparison.Ordinal))
        {
            return Encoding.UTF8.GetBytes(typed);
        }

        var bytes = new byte[typed.Length];
        return Convert.TryFromBase64String(typed[Base64.Length..], bytes, out var length) ? bytes[..length] : null;
    }

    /// <summary>Printable text, or null.</summary>
    public static string? Text(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        return text.Contains('\uFFFD') || text.Any(c => char.IsControl(c) && c is not ('\n' or '\t')) ? null : text;
    }

    /// <summary>A time in UTC; one that is no time is shown as the number it is.</summary>
    public static string Time(long ms) =>
        ms is < -62135596800000 or > 253402300799999
            ? $"{ms} ms"
            : DateTimeOffset.FromUnixTimeMilliseconds(ms).UtcDateTime.ToString(
                "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>A time of the database, in UTC.</summary>
    public static string Time(DateTime utc) => Time(new DateTimeOffset(utc, TimeSpan.Zero).ToUnixTimeMilliseconds());

    /// <summary>Bytes with a unit.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 10 * 1024 => $"{bytes} B",
        < 10 * 1024 * 1024 => $"{bytes / 1024} KiB",
        < 10L * 1024 * 1024 * 1024 => $"{bytes / 1024 / 1024} MiB",
        _ => $"{bytes / 1024 / 1024 / 1024} GiB",
    };

    /// <summary>How long ago, roughly.</summary>
    public static string Age(long ms, DateTimeOffset now)
    {
        var age = now.ToUnixTimeMilliseconds() - ms;
        return age < 0 ? "0s"
            : age < 120_000 ? $"{age / 1000}s"
            : age < 7_200_000 ? $"{age / 60_000}m"
            : age < 172_800_000 ? $"{age / 3_600_000}h"
            : $"{age / 86_400_000}d";
    }

    /// <summary>Text for one cell of a table: one line, of bounded length.</summary>
    public static string Cell(string text, int most = 100)
    {
        var line = text.ReplaceLineEndings(" ").Replace('\t', ' ');
        return line.Length <= most ? line : line[..(most - 3)] + "...";
    }
}
