using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Manifests;

/// <summary>One thing that is wrong, or odd, in a manifest.</summary>
/// <param name="IsError">The agent would not start, or what was written would have no effect. Otherwise it is a warning.</param>
/// <param name="Manifest">The object; null: the file itself.</param>
/// <param name="Path">Where it stands in the object.</param>
/// <param name="Error">What it is, and what to do.</param>
public sealed record Finding(bool IsError, Manifest? Manifest, string Path, ConfigurationError Error)
{
    /// <summary>Something wrong with a key of an object.</summary>
    public static Finding Wrong(Manifest manifest, string path, YamlText key, string problem, string fix) => new(
        true, manifest, path, new ConfigurationError(At(manifest, key.Text, key), null, problem, fix));

    /// <summary>Something odd that does no harm.</summary>
    public static Finding Odd(Manifest manifest, string path, Origin origin, string problem, string fix) =>
        new(false, manifest, path, new ConfigurationError(origin, null, problem, fix));

    /// <summary>A place in a file of manifests.</summary>
    public static Origin At(Manifest manifest, string key, YamlNode node) => new(
        Precedence.Annotation, key, null, $"{manifest.File}:{node.Line}");

    /// <summary>One line: the object, the path, then as errors of configuration are written.</summary>
    public override string ToString()
    {
        var path = Path.Length == 0 ? "" : $", {Path}";
        return Manifest is null ? $"{Error}" : $"{Manifest} (document {Manifest.Document}){path}: {Error}";
    }
}
