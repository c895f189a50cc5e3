using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Manifests;

/// <summary>One object of Kubernetes, as it was rendered.</summary>
/// <param name="File">The file that it stands in.</param>
/// <param name="Document">The document of that file, from 1.</param>
/// <param name="Root">All of it.</param>
public sealed record Manifest(string File, int Document, YamlMap Root)
{
    private const string Pod = "Pod";

    private YamlMap? Metadata => Root.Find("metadata") as YamlMap;

    /// <summary>Its kind; <c>object</c> where none is said.</summary>
    public string Kind => Root.Text("kind") ?? "object";

    /// <summary>Its namespace; null where none is said.</summary>
    public string? Namespace => Metadata?.Text("namespace");

    /// <summary>Its name; empty where none is said.</summary>
    public string Name => Metadata?.Text("name") ?? Metadata?.Text("generateName") ?? "";

    /// <summary>It is a pod itself, and not something that makes pods of a template.</summary>
    public bool IsPod => Kind == Pod;

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {(Namespace is null ? "" : $"{Namespace}/")}{Name}".TrimEnd();
}

/// <summary>What pods are made of: the pod itself, or a template within another object.</summary>
/// <param name="Manifest">The object.</param>
/// <param name="Path">Where the template stands in it; empty: the object is the pod.</param>
/// <param name="Map">Metadata and spec.</param>
public sealed record PodTemplate(Manifest Manifest, string Path, YamlMap Map)
{
    /// <summary>Its annotations; null where it has none.</summary>
    public YamlMap? Annotations => (Map.Find("metadata") as YamlMap)?.Find("annotations") as YamlMap;

    /// <summary>Where its annotations belong.</summary>
    public string AnnotationsPath => PathOf("metadata.annotations");

    /// <summary>The pod's spec.</summary>
    public YamlMap Spec => (YamlMap)Map.Find("spec")!;

    /// <summary>The path of something within it.</summary>
    public string PathOf(string inner) => Path.Length == 0 ? inner : $"{Path}.{inner}";
}
