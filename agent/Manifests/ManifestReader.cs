using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Manifests;

/// <summary>Reads the objects of a file of manifests, the items of lists included.</summary>
public static class ManifestReader
{
    /// <summary>The objects, as far as the text can be read; adds what is wrong with it.</summary>
    /// <param name="text">YAML or JSON, one or more documents.</param>
    /// <param name="file">The file's name, for the operator.</param>
    /// <param name="findings">Takes what is wrong.</param>
    public static List<Manifest> Read(string text, string file, List<Finding> findings)
    {
        var problems = new List<YamlProblem>();
        var manifests = new List<Manifest>();
        foreach (var document in YamlReader.ReadManifests(text, problems))
        {
            if (document.Root is YamlMap map)
            {
                Add(new Manifest(file, document.Number, map), manifests);
            }
            else if (document.Root is not (null or YamlText { IsNull: true }))
            {
                problems.Add(new YamlProblem(
                    document.Root.Line, document.Root.Column, "this document is no object of Kubernetes",
                    "Render the chart first: helm template ... | agent validate -f -"));
            }
        }

        findings.AddRange(problems.Select(problem => new Finding(true, null, "", new ConfigurationError(
            new Origin(Precedence.File, file, null, $"{file}:{problem.Line}:{problem.Column}"), null, problem.Problem, problem.Fix))));
        return manifests;
    }

    /// <summary>A List, as kubectl prints several objects, is the objects in it.</summary>
    private static void Add(Manifest manifest, List<Manifest> manifests)
    {
        if (manifest.Kind.EndsWith("List", StringComparison.Ordinal) && manifest.Root.Find("items") is YamlList items)
        {
            manifests.AddRange(items.Items.OfType<YamlMap>().Select(item => manifest with { Root = item }));
            return;
        }

        manifests.Add(manifest);
    }
}
