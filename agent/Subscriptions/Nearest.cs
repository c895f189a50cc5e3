namespace Sidecar.Agent.Subscriptions;

/// <summary>Finds the name that was probably meant.</summary>
public static class Nearest
{
    /// <summary>Names longer than this are not compared: nobody mistypes a key of that length.</summary>
    private const int MaxLength = 64;

    /// <summary>The known name nearest to what was written; null where none is near.</summary>
    public static string? To(string written, IEnumerable<string> known)
    {
        if (written.Length is 0 or > MaxLength)
        {
            return null;
        }

        var lower = written.ToLowerInvariant().Replace('_', '-');
        var best = default(string);
        var bestDistance = Math.Max(1, written.Length / 3) + 1;
        foreach (var name in known)
        {
            var distance = Distance(lower, name);

            // A whole word that was cut short or made longer is near, however long the rest is: order, ordering.
            if (lower.Length >= 3 && name.StartsWith(lower, StringComparison.Ordinal))
            {
                distance = Math.Min(distance, 1);
            }

            if (distance < bestDistance)
            {
                (best, bestDistance) = (name, distance);
            }
        }

        return best;
    }

    /// <summary>A question to put before a fix; empty where nothing is near.</summary>
    public static string Question(string written, IEnumerable<string> known) =>
        To(written, known) is { } name ? $"Did you mean {name}? " : "";

    /// <summary>How many letters must be changed, added, taken away or swapped with their neighbour.</summary>
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            rows[i, 0] = i;
        }

        for (var j = 0; j <= b.Length; j++)
        {
            rows[0, j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var change = rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(change, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[a.Length, b.Length];
    }
}
