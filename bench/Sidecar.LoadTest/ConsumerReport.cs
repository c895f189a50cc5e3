using System.Globalization;
using Sidecar.TestKit;

namespace Sidecar.LoadTest;

/// <summary>A line of the light consumer, read back.</summary>
/// <param name="Table">The account at that time.</param>
/// <param name="Seconds">From the first delivery to the last.</param>
internal sealed record ConsumerReport(LedgerTable Table, double Seconds)
{
    /// <summary>The newest line that begins with this word, or null.</summary>
    public static ConsumerReport? Newest(IEnumerable<string> lines, string word)
    {
        var fields = lines.LastOrDefault(line => line.StartsWith(word + "|", StringComparison.Ordinal))?.Split('|');
        if (fields is null) return null;
        var counts = fields[1..7].Select(field => long.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        var table = new LedgerTable(counts[0], counts[1], counts[2], counts[3], counts[4]) { Unexpected = counts[5] };
        return new ConsumerReport(table, double.Parse(fields[7], CultureInfo.InvariantCulture));
    }
}
