using System.Text;
using System.Text.RegularExpressions;
using Prometheus;
using Sidecar.Agent.Telemetry;
using Sidecar.OutboxRelay.Telemetry;

namespace Sidecar.Charts.Tests.Monitoring;

/// <summary>The metrics that the programs have, as their own registries say.</summary>
internal static partial class Exposed
{
    /// <summary>What Prometheus adds to each series of a pod, and to a histogram's buckets.</summary>
    public static readonly IReadOnlySet<string> AddedLabels = new HashSet<string> { "namespace", "job", "pod", "le" };

    /// <summary>Each metric with its labels.</summary>
    public static IReadOnlyDictionary<string, IReadOnlySet<string>> Metrics { get; } = Read();

    /// <summary>What <c>/metrics</c> shows of each program before anything has happened.</summary>
    public static async Task<IReadOnlyList<string>> PagesAsync() =>
        [await PageAsync(AgentRegistry()), await PageAsync(RelayRegistry(out _))];

    /// <summary>The metric that a name in a query belongs to: those of a histogram have endings.</summary>
    public static string? Find(string name) => Metrics.ContainsKey(name) ? name
        : new[] { "_bucket", "_sum", "_count" }.Where(ending => name.EndsWith(ending, StringComparison.Ordinal))
            .Select(ending => name[..^ending.Length]).FirstOrDefault(Metrics.ContainsKey);

    private static CollectorRegistry AgentRegistry()
    {
        var registry = Prometheus.Metrics.NewCustomRegistry();
        _ = new AgentMetrics(registry);
        return registry;
    }

    private static CollectorRegistry RelayRegistry(out object[] made)
    {
        var relay = new RelayMetrics();
        made = [relay, new PgMetrics(relay.Registry)];
        return relay.Registry;
    }

    private static async Task<string> PageAsync(CollectorRegistry registry)
    {
        using var page = new MemoryStream();
        await registry.CollectAndExportAsTextAsync(page);
        return Encoding.UTF8.GetString(page.ToArray());
    }

    private static Dictionary<string, IReadOnlySet<string>> Read()
    {
        var relay = RelayRegistry(out var made);
        var agent = new AgentMetrics(Prometheus.Metrics.NewCustomRegistry());
        var collectors = made.Append(agent)
            .SelectMany(owner => owner.GetType().GetProperties().Select(property => property.GetValue(owner)))
            .OfType<Collector>();
        var all = collectors.ToDictionary(
            collector => collector.Name, collector => (IReadOnlySet<string>)collector.LabelNames.ToHashSet());

        // What is kept as a child, or not at all, by what the page shows.
        foreach (var page in (string[])[PageAsync(relay).Result, PageAsync(agent.Registry).Result])
        {
            foreach (Match family in Family().Matches(page))
            {
                var name = family.Groups["name"].Value;
                var shown = Regex.Matches(page, $"(?m)^{name}\\{{([^}}]*)\\}}", RegexOptions.None, TimeSpan.FromSeconds(1))
                    .SelectMany(series => Label().Matches(series.Groups[1].Value)).Select(label => label.Groups["name"].Value);
                all.TryAdd(name, shown.ToHashSet());
            }
        }

        return all;
    }

    [GeneratedRegex("^# TYPE (?<name>[a-z_]+) ", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Family();

    [GeneratedRegex("(?<name>[a-z_]+)=\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Label();
}
