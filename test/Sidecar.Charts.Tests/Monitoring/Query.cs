using System.Text.RegularExpressions;

namespace Sidecar.Charts.Tests.Monitoring;

/// <summary>What a query in PromQL names.</summary>
internal static partial class Query
{
    /// <summary>What is wrong with it, by what the programs expose.</summary>
    public static IEnumerable<string> Check(string query)
    {
        var names = MetricName().Matches(query).Select(match => match.Value).Distinct().ToList();
        if (names.Count == 0) yield return $"names no metric of ours: {query}";
        var known = new HashSet<string>(Exposed.AddedLabels);
        foreach (var name in names)
        {
            if (Exposed.Find(name) is { } metric) known.UnionWith(Exposed.Metrics[metric]);
            else yield return $"there is no metric {name}: {query}";
        }

        foreach (var label in Labels(query).Where(label => !known.Contains(label)))
        {
            yield return $"no metric in it has the label {label}: {query}";
        }
    }

    /// <summary>Grafana's variables as it would fill them in.</summary>
    public static string FillIn(string query) => query.Replace("$__rate_interval", "5m", StringComparison.Ordinal)
        .Replace("$namespace", ".*", StringComparison.Ordinal).Replace("$service", ".*", StringComparison.Ordinal)
        .Replace("$pod", ".*", StringComparison.Ordinal);

    private static IEnumerable<string> Labels(string query) =>
        Matcher().Matches(query).Select(match => match.Groups["label"].Value)
            .Concat(Grouping().Matches(query).SelectMany(match => match.Groups["labels"].Value.Split(',')).Select(label => label.Trim()))
            .Where(label => label.Length > 0).Distinct();

    [GeneratedRegex(@"\b(sidecar|outbox)_[a-z_]+\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MetricName();

    [GeneratedRegex("(?<=[{,] ?)(?<label>[a-z_]+)(=|!=|=~|!~)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\b(by|on|without)\s*\((?<labels>[^)]*)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Grouping();
}
