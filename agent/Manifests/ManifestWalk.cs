using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Manifests;

/// <summary>
/// Goes through all of an object once, and finds the pod templates in it, whatever its kind is, and the keys of ours that
/// stand where no agent ever sees them.
/// </summary>
public sealed class ManifestWalk
{
    /// <summary>Nodes that are looked at in one object; more can only be made of aliases within aliases.</summary>
    public const int MaxNodes = 1_000_000;

    private readonly Manifest manifest;
    private readonly List<(string Path, YamlText Key)> ours = [];
    private int seen;

    /// <summary>Goes through an object.</summary>
    public ManifestWalk(Manifest manifest)
    {
        this.manifest = manifest;
        Visit(manifest.Root, "");
    }

    /// <summary>The pod templates, in the order in which they stand.</summary>
    public List<PodTemplate> Templates { get; } = [];

    /// <summary>The object is larger than anything that is not made to be.</summary>
    public bool IsCutShort => seen > MaxNodes;

    /// <summary>Keys of ours that stand beside the right place, one finding each.</summary>
    public IEnumerable<Finding> Misplaced()
    {
        var right = Templates.Select(template => template.AnnotationsPath).ToList();
        return ours.Where(found => !right.Contains(found.Path)).Select(found => Finding.Wrong(
            manifest, found.Path, found.Key,
            right.Count == 0
                ? "this object makes no pods, so no agent ever sees this"
                : "it stands beside the pod template: it never reaches the pod",
            right.Count == 0 ? "Put it into the pod template of the workload" : $"Move it to {string.Join(" or ", right)}"));
    }

    private void Visit(YamlNode node, string path)
    {
        if (++seen > MaxNodes)
        {
            return;
        }

        switch (node)
        {
            case YamlMap map:
                VisitMap(map, path);
                break;
            case YamlList list:
                for (var i = 0; i < list.Items.Count; i++)
                {
                    Visit(list.Items[i], $"{path}[{i}]");
                }

                break;
        }
    }

    private void VisitMap(YamlMap map, string path)
    {
        // An object that is no pod and has containers in its own spec is a custom resource, which knows what it makes of them.
        if (map.Find("spec") is YamlMap spec && spec.Find("containers") is YamlList && (path.Length > 0 || manifest.IsPod))
        {
            Templates.Add(new PodTemplate(manifest, path, map));
        }

        foreach (var (key, value) in map.Entries)
        {
            if (key.Text.StartsWith(AnnotationFile.Prefix, StringComparison.Ordinal))
            {
                ours.Add((path, key));
            }

            Visit(value, path.Length == 0 ? key.Text : $"{path}.{key.Text}");
        }
    }
}
