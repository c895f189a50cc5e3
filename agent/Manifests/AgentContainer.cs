using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Manifests;

/// <summary>The container of a pod that runs the agent, as far as its manifest tells what it is given.</summary>
public sealed class AgentContainer
{
    private const string AnnotationsFlag = "--annotations";
    private const string ConfigFlag = "--config";
    private const string InitContainers = "initContainers";

    // Commands that read the same and come to an end.
    private static readonly string[] Passing = ["config", "dlq", "explain", "offsets", "validate"];

    private readonly Dictionary<string, string?> variables;
    private readonly List<string> words;
    private readonly bool hasMore;

    private AgentContainer(YamlMap container)
    {
        Name = new YamlText(container.Text("name") ?? "", false, container.Line, 1);
        words = [.. Texts(container, "command"), .. Texts(container, "args")];
        variables = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var entry in Maps(container, "env"))
        {
            // Kubernetes puts other variables into a value that holds $(NAME).
            var value = entry.Find("valueFrom") is null ? entry.Text("value") ?? "" : null;
            variables[entry.Text("name") ?? ""] = value?.Contains("$(", StringComparison.Ordinal) == true ? null : value;
        }

        hasMore = container.Find("envFrom") is YamlList { Items.Count: > 0 };
    }

    /// <summary>Its name, where it stands; empty where it has none.</summary>
    public YamlText Name { get; }

    /// <summary>It reads a configuration file, which no manifest shows.</summary>
    public bool ReadsFile => variables.ContainsKey(EnvironmentVariables.Config) || Has(ConfigFlag);

    private bool ReadsAnnotations => variables.ContainsKey(EnvironmentVariables.Annotations) || Has(AnnotationsFlag);

    /// <summary>The container of a pod that reads annotations or a file of ours; null: there is none.</summary>
    public static AgentContainer? Of(YamlMap spec)
    {
        var all = Maps(spec, "containers").Concat(Maps(spec, InitContainers).Where(IsSidecar))
            .Select(container => new AgentContainer(container)).ToList();
        return all.Find(container => container.ReadsAnnotations)
            ?? all.Find(container => container.variables.ContainsKey(EnvironmentVariables.Config))
            ?? WaitedFor(spec).FirstOrDefault();
    }

    /// <summary>
    /// Agents that the pod waits for before it starts its application, and that never end: init containers which are no
    /// sidecars.
    /// </summary>
    public static IEnumerable<AgentContainer> WaitedFor(YamlMap spec) =>
        Maps(spec, InitContainers).Where(container => !IsSidecar(container)).Select(container => new AgentContainer(container))
            .Where(agent => agent.ReadsAnnotations && !agent.words.Exists(Passing.Contains));

    /// <summary>A field may be set in a way that the manifest does not tell.</summary>
    public bool MaySet(string field) =>
        hasMore || ReadsFile || (variables.TryGetValue(EnvironmentVariables.NameOf(field), out var value) && value is null);

    /// <summary>What its variables and flags set.</summary>
    public List<Setting> Settings(List<string> warnings)
    {
        var known = variables.Where(variable => variable.Value is not null)
            .ToDictionary(variable => variable.Key, variable => variable.Value!, StringComparer.Ordinal);
        var settings = new List<Setting>();
        EnvironmentVariables.Read(known, settings, warnings);
        foreach (var field in ProcessFields.All.Where(field => field.IsSupported))
        {
            if (Value($"--{field.Name}") is { } value && !value.Contains("$(", StringComparison.Ordinal))
            {
                settings.Add(new Setting(Scope.Process, field.Name, SettingValue.Of(value), Origin.Flag($"--{field.Name}")));
            }
        }

        return settings;
    }

    private static bool IsSidecar(YamlMap container) => container.Text("restartPolicy") == "Always";

    private bool Has(string flag) => Value(flag) is not null;

    private string? Value(string flag)
    {
        var index = words.FindIndex(word => word == flag || word.StartsWith($"{flag}=", StringComparison.Ordinal));
        return index < 0 ? null
            : words[index].Length > flag.Length ? words[index][(flag.Length + 1)..]
            : words.ElementAtOrDefault(index + 1) ?? "";
    }

    private static IEnumerable<YamlMap> Maps(YamlMap map, string key) => (map.Find(key) as YamlList)?.Items.OfType<YamlMap>() ?? [];

    private static IEnumerable<string> Texts(YamlMap map, string key) =>
        (map.Find(key) as YamlList)?.Items.OfType<YamlText>().Select(text => text.Text) ?? [];
}
