using System.Text.RegularExpressions;
using Sidecar.Credentials;

namespace Sidecar.Agent.Subscriptions;

/// <summary>
/// Finds who is meant when the Kafka client cannot be made of properties that are right one by one, and do not go together or
/// need what is not there.
/// </summary>
public static class ClientRefusal
{
    /// <summary>What the client said, and where to mend it.</summary>
    /// <param name="said">In the client's words.</param>
    /// <param name="resolved">What the client was made of.</param>
    public static string Explain(string said, ResolvedConfiguration resolved) =>
        OfNamed(said, resolved.Lines) ?? OfFiles(said, resolved.Options.Source.Security) ?? OfAny(said, resolved.Lines);

    /// <summary>What the client said, with the place where each property stands that it names; null: it names none of them.</summary>
    /// <param name="said">In the client's words.</param>
    /// <param name="lines">What is in force.</param>
    public static string? OfNamed(string said, IReadOnlyList<ConfigurationLine> lines) =>
        Say(said, [.. Written(lines).Where(line => IsNamed(said, line.Setting[ProcessFields.KafkaPrefix.Length..]))]);

    /// <summary>The same, with all properties that somebody set: it may be any of them.</summary>
    public static string OfAny(string said, IReadOnlyList<ConfigurationLine> lines) =>
        Say(said, [.. Written(lines)]) ?? $"kafka: {said}";

    // Only of these files does librdkafka speak so: what else begins with ssl. is somebody's own property, and named.
    private static string? OfFiles(string said, SecurityOptions security) => said.StartsWith("ssl.", StringComparison.Ordinal)
        ? $"{SecurityOptions.DirectorySetting}: the files in {security.Directory} cannot be used: {said}. "
            + $"{SecurityOptions.CertificateFile} and {SecurityOptions.KeyFile} must belong together"
        : null;

    private static string? Say(string said, List<ConfigurationLine> guilty) => guilty.Count == 0
        ? null
        : $"kafka: {said.TrimEnd('.', ' ', '\n')}. Mend or remove " + string.Join(", ", guilty.Select(Place));

    private static string Place(ConfigurationLine line) =>
        line.Origin.Written + (line.Origin.Place.Length == 0 ? "" : $" ({line.Origin.Place})");

    private static IEnumerable<ConfigurationLine> Written(IReadOnlyList<ConfigurationLine> lines) =>
        lines.Where(line => line.Setting.StartsWith(ProcessFields.KafkaPrefix, StringComparison.Ordinal));

    // The name of one property may stand within that of another.
    private static bool IsNamed(string said, string property) =>
        Regex.IsMatch(said, @"(?<![\w.])" + Regex.Escape(property) + @"(?!\.?\w)", RegexOptions.None, TimeSpan.FromSeconds(1));
}
