using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Manifests;

/// <summary>
/// Checks rendered manifests as the agents of their pods would: annotations on the right level, read and resolved by the code
/// that the agent itself runs, and a pod that lives long enough to end well.
/// </summary>
public sealed class ManifestCheck
{
    // What is filled in for required fields that the manifest does not show; the least that passes.
    private static readonly (string Field, string Value)[] Hidden =
        [("service", "service"), ("namespace", "namespace"), ("bootstrap-servers", "kafka:9092")];

    private readonly List<Finding> findings = [];
    private readonly List<CheckedPod> pods = [];

    /// <summary>Objects that were looked at.</summary>
    public int Objects { get; private set; }

    /// <summary>What is wrong or odd, in the order of the files.</summary>
    public IReadOnlyList<Finding> Findings => findings;

    /// <summary>The pods that have an agent or annotations of ours.</summary>
    public IReadOnlyList<CheckedPod> Pods => pods;

    /// <summary>Checks the text of one file.</summary>
    public void Check(string text, string file)
    {
        foreach (var manifest in ManifestReader.Read(text, file, findings))
        {
            Objects++;
            var walk = new ManifestWalk(manifest);
            if (walk.IsCutShort)
            {
                findings.Add(Finding.Wrong(
                    manifest, "", new YamlText("kind", false, manifest.Root.Line, 1),
                    $"the object has more than {ManifestWalk.MaxNodes} parts", "Write it without aliases within aliases"));
            }

            findings.AddRange(walk.Misplaced());
            walk.Templates.ForEach(Check);
        }
    }

    private void Check(PodTemplate template)
    {
        NearMisses(template);
        var before = findings.Count;
        var annotations = PodAnnotations.Read(template, findings);
        var agent = AgentContainer.Of(template.Spec);
        if (agent is null && findings.Count == before && !annotations.Exists(Annotations.IsTheAgents))
        {
            return;
        }

        var warnings = new List<string>();
        var settings = agent?.Settings(warnings) ?? [];
        var errors = new List<ConfigurationError>();
        Annotations.Read(annotations, template.Manifest.File, settings, errors);
        settings.AddRange(Unseen(agent, settings));
        var written = findings.Count == before;
        var resolved = Resolver.Resolve(settings, errors);
        var path = template.PathOf("metadata.annotations");

        // Annotations that were refused above may have held the subscriptions.
        findings.AddRange(errors.Where(error => written || error.Origin.Precedence != Precedence.Default)
            .Select(error => new Finding(true, template.Manifest, path, error)));
        if (errors.Count == 0)
        {
            GracePeriod.Check(template, resolved, findings);
        }

        findings.AddRange(AgentContainer.WaitedFor(template.Spec).Select(waited => Finding.Wrong(
            template.Manifest, template.PathOf("spec.initContainers"), waited.Name,
            "this init container runs the agent, which never ends, and has no restartPolicy: Always: the application never starts",
            "Set restartPolicy: Always (Kubernetes 1.29 and later), or put it under containers")));
        Warn(template, agent, warnings);
        pods.Add(new CheckedPod(template, [.. resolved.Options.Subscriptions.Select(subscription => subscription.Name)]));
    }

    /// <summary>What the pod may be given and the manifest does not tell: the resolver is not to miss it.</summary>
    private static IEnumerable<Setting> Unseen(AgentContainer? agent, List<Setting> settings)
    {
        foreach (var (field, value) in Hidden.Where(hidden => agent?.MaySet(hidden.Field) ?? true))
        {
            yield return new Setting(Scope.Process, field, SettingValue.Of(value), Origin.Default);
        }

        if (agent?.ReadsFile != true)
        {
            yield break;
        }

        var names = settings.Where(setting => setting.Scope.IsOne).Select(setting => setting.Scope.Subscription!).Distinct().ToList();
        foreach (var name in names.Count == 0 ? ["file"] : names)
        {
            yield return new Setting(new Scope(name), "topics", SettingValue.Of($"of-the-file.{name}"), Origin.Default);
        }
    }

    private void Warn(PodTemplate template, AgentContainer? agent, List<string> warnings)
    {
        if (agent is null)
        {
            Add(
                "no container of this pod reads the annotations",
                $"Add the agent, with {EnvironmentVariables.Annotations} or --annotations");
        }
        else if (agent.ReadsFile)
        {
            Add("the agent's configuration file is not seen here", "Check it with agent config");
        }

        warnings.ForEach(warning => Add(warning.TrimEnd('.', '?'), "Correct or remove it"));

        void Add(string problem, string fix) => findings.Add(Finding.Odd(
            template.Manifest, template.PathOf("spec"), Finding.At(template.Manifest, "containers", template.Spec), problem, fix));
    }

    private void NearMisses(PodTemplate template)
    {
        foreach (var (key, _) in template.Annotations?.Entries ?? [])
        {
            if (AnnotationFile.NearMisses($"{key.Text}=").Any())
            {
                findings.Add(Finding.Odd(
                    template.Manifest, template.AnnotationsPath, Finding.At(template.Manifest, key.Text, key),
                    "nobody reads this prefix", $"Write {AnnotationFile.Prefix}"));
            }
        }
    }
}

/// <summary>A pod that was checked.</summary>
/// <param name="Template">Where it stands.</param>
/// <param name="Subscriptions">Its subscriptions by name, as far as they could be read.</param>
public sealed record CheckedPod(PodTemplate Template, IReadOnlyList<string> Subscriptions);
