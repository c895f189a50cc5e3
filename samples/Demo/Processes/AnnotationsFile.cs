using System.Globalization;
using System.Text;

namespace Sidecar.Demo.Processes;

/// <summary>
/// Writes annotations as Kubernetes' Downward API does: one line each, sorted, the value quoted as Go quotes.
/// </summary>
internal static class AnnotationsFile
{
    public static void Write(string path, IReadOnlyDictionary<string, string> annotations) => File.WriteAllText(
        path,
        string.Join('\n', annotations.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key}={Quote(pair.Value)}")));

    private static string Quote(string value)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in value.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' or '\\' => quoted.Append('\\').Append(rune),
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                < 0x20 or 0x7F => quoted.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                _ => quoted.Append(rune),
            };
        }

        return quoted.Append('"').ToString();
    }
}
