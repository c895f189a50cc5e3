using System.Text.Json;
using System.Text.Json.Serialization;
using Sidecar.Agent.Manifests;

namespace Sidecar.Agent.Commands;

/// <summary>What <c>agent validate</c> has found, as a machine reads it.</summary>
/// <param name="Valid">There are no errors, and there was something to check.</param>
/// <param name="Objects">Objects that were looked at.</param>
/// <param name="Pods">Pods that have an agent or annotations of ours.</param>
/// <param name="Errors">What must be mended.</param>
/// <param name="Warnings">What is odd and does no harm.</param>
public sealed record ValidateDocument(
    bool Valid, int Objects, IReadOnlyList<ValidatedPod> Pods, IReadOnlyList<ValidateEntry> Errors, IReadOnlyList<ValidateEntry> Warnings);

/// <summary>One pod, or one template of pods.</summary>
public sealed record ValidatedPod(
    string File, int Document, string Kind, string? Namespace, string Name, string Path, IReadOnlyList<string> Subscriptions);

/// <summary>One finding.</summary>
/// <param name="File">The file and, as far as it is known, the line.</param>
/// <param name="Document">The document in it, from 1; null where the file cannot be read so far.</param>
/// <param name="Kind">The object's kind.</param>
/// <param name="Namespace">The object's namespace.</param>
/// <param name="Name">The object's name.</param>
/// <param name="Path">Where in the object.</param>
/// <param name="Key">The key as it was written.</param>
/// <param name="Value">The value as it was written, where that says something.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Fix">What to do.</param>
public sealed record ValidateEntry(
    string File, int? Document, string? Kind, string? Namespace, string? Name, string? Path, string Key, string? Value, string Problem,
    string Fix);

/// <summary>How <c>agent validate</c> writes JSON.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ValidateDocument))]
public sealed partial class ValidateJson : JsonSerializerContext;

/// <summary>Prints what a check of manifests has found.</summary>
public static class ValidateOutput
{
    /// <summary>Nothing is wrong. No pod to check is wrong: most often it is the wrong file, or a chart that was not rendered.</summary>
    public static bool IsWell(ManifestCheck check) => check.Pods.Count > 0 && !check.Findings.Any(finding => finding.IsError);

    /// <summary>Pods that are well on standard output; warnings, then errors on standard error.</summary>
    public static void Text(TextWriter output, TextWriter error, ManifestCheck check)
    {
        foreach (var finding in check.Findings.Where(finding => !finding.IsError))
        {
            error.WriteLine($"agent: warning: {finding}");
        }

        var errors = check.Findings.Where(finding => finding.IsError).Select(finding => finding.ToString()).ToList();
        if (errors.Count > 0)
        {
            error.WriteLine($"agent: {errors.Count} error{(errors.Count == 1 ? "" : "s")} in the manifests:");
            errors.ForEach(line => error.WriteLine($"  {line}"));
        }
        else if (check.Pods.Count == 0)
        {
            error.WriteLine($"agent: none of the {check.Objects} objects makes a pod with an agent or annotations of ours. Is this the "
                + "rendered chart (helm template)?");
        }
        else
        {
            foreach (var pod in check.Pods)
            {
                output.WriteLine($"{pod.Template.Manifest}: {string.Join(", ", pod.Subscriptions)}");
            }
        }
    }

    /// <summary>The same as one JSON document.</summary>
    public static void Json(TextWriter output, ManifestCheck check)
    {
        var document = new ValidateDocument(
            IsWell(check),
            check.Objects,
            [.. check.Pods.Select(pod => Pod(pod.Template, pod.Subscriptions))],
            [.. check.Findings.Where(finding => finding.IsError).Select(Entry)],
            [.. check.Findings.Where(finding => !finding.IsError).Select(Entry)]);
        output.WriteLine(JsonSerializer.Serialize(document, ValidateJson.Default.ValidateDocument));
    }

    private static ValidatedPod Pod(PodTemplate template, IReadOnlyList<string> subscriptions)
    {
        var manifest = template.Manifest;
        return new ValidatedPod(
            manifest.File, manifest.Document, manifest.Kind, manifest.Namespace, manifest.Name, template.Path, subscriptions);
    }

    private static ValidateEntry Entry(Finding finding)
    {
        var (manifest, error) = (finding.Manifest, finding.Error);
        return new ValidateEntry(
            error.Origin.Place.Length == 0 ? manifest?.File ?? "" : error.Origin.Place,
            manifest?.Document, manifest?.Kind, manifest?.Namespace, manifest?.Name, finding.Path.Length == 0 ? null : finding.Path,
            error.Origin.Written, error.Value, error.Problem, error.Fix);
    }
}
