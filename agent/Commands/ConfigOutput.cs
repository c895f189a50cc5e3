using System.Text.Json;
using System.Text.Json.Serialization;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Commands;

/// <summary>The configuration in force as a machine reads it.</summary>
/// <param name="Settings">One for each setting.</param>
/// <param name="Warnings">What is odd and does no harm.</param>
public sealed record ConfigDocument(IReadOnlyList<ConfigEntry> Settings, IReadOnlyList<string> Warnings);

/// <summary>One setting in force.</summary>
/// <param name="Setting">Its full name.</param>
/// <param name="Value">Its value; empty where it is not set, <c>***</c> where it is a secret.</param>
/// <param name="From">default, file, annotation, variable or flag.</param>
/// <param name="Key">The key as it was written; null for a default.</param>
/// <param name="Place">File and line, or what a default follows from; null where that says nothing.</param>
public sealed record ConfigEntry(string Setting, string Value, string From, string? Key, string? Place);

/// <summary>How <c>agent config</c> writes JSON.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ConfigDocument))]
public sealed partial class ConfigJson : JsonSerializerContext;

/// <summary>Prints the configuration in force.</summary>
public static class ConfigOutput
{
    /// <summary>One setting a line: name, value, origin.</summary>
    public static void Table(TextWriter output, ResolvedConfiguration configuration)
    {
        var rows = configuration.Lines
            .Select(line => (line.Setting, line.Value.Length == 0 ? "-" : line.Value, line.Origin.ToString()))
            .Prepend(("SETTING", "VALUE", "FROM"))
            .ToList();
        var setting = rows.Max(row => row.Item1.Length);
        var value = Math.Min(rows.Max(row => row.Item2.Length), 48);
        foreach (var row in rows)
        {
            output.WriteLine($"{row.Item1.PadRight(setting)}  {row.Item2.PadRight(value)}  {row.Item3}");
        }
    }

    /// <summary>The same as one JSON document.</summary>
    public static void Json(TextWriter output, ResolvedConfiguration configuration)
    {
        var entries = configuration.Lines.Select(line => new ConfigEntry(
            line.Setting,
            line.Value,
            line.Origin.Kind,
            line.Origin.Key.Length == 0 ? null : line.Origin.Written,
            line.Origin.Place.Length == 0 ? null : line.Origin.Place));
        var document = new ConfigDocument([.. entries], configuration.Options.Warnings);
        output.WriteLine(JsonSerializer.Serialize(document, ConfigJson.Default.ConfigDocument));
    }
}
