namespace Sidecar.Agent.Subscriptions;

/// <summary>Where configuration is looked for.</summary>
/// <param name="Annotations">The flag <c>--annotations</c>; null: the variable, if it is set.</param>
/// <param name="Config">The flag <c>--config</c>; null: the variable, if it is set.</param>
/// <param name="Environment">The variables of the process.</param>
/// <param name="Flags">What the other flags set.</param>
public sealed record ConfigurationSources(
    string? Annotations, string? Config, IReadOnlyDictionary<string, string> Environment, IReadOnlyList<Setting> Flags);

/// <summary>
/// From what was written to what is in force: every source becomes settings, and the settings become options. Nothing
/// is
/// thrown for what operators write: all that is wrong comes back at once.
/// </summary>
public static class Configuration
{
    /// <summary>Reads all sources and resolves them.</summary>
    public static ConfigurationResult Load(ConfigurationSources sources)
    {
        var settings = new List<Setting>(sources.Flags);
        var errors = new List<ConfigurationError>();
        var warnings = new List<string>();

        EnvironmentVariables.Read(sources.Environment, settings, warnings);
        Annotations(sources, settings, errors, warnings);
        File(sources, settings, errors);

        var resolved = Resolver.Resolve(settings, errors);
        resolved.Options.Warnings = warnings;
        return new ConfigurationResult(errors.Count == 0 ? resolved : null, errors, warnings) { Attempted = resolved.Options };
    }

    /// <summary>The files that are read.</summary>
    public static IReadOnlyList<string> Files(ConfigurationSources sources) =>
    [
        .. new[]
        {
            Path(sources.Annotations, "--annotations", EnvironmentVariables.Annotations, sources).Path,
            Path(sources.Config, "--config", EnvironmentVariables.Config, sources).Path,
        }.OfType<string>(),
    ];

    private static void Annotations(
        ConfigurationSources sources, List<Setting> settings, List<ConfigurationError> errors, List<string> warnings)
    {
        var (path, origin) = Path(sources.Annotations, "--annotations", EnvironmentVariables.Annotations, sources);
        if (path is null || SourceText.Read(path, origin, SourceText.MaxAnnotationsBytes, errors) is not { } text)
        {
            return;
        }

        Subscriptions.Annotations.Read(AnnotationFile.Read(text, path, errors), path, settings, errors);
        foreach (var key in AnnotationFile.NearMisses(text))
        {
            warnings.Add($"The annotation {key} has no effect. Did you mean the prefix {AnnotationFile.Prefix}?");
        }
    }

    private static void File(ConfigurationSources sources, List<Setting> settings, List<ConfigurationError> errors)
    {
        var (path, origin) = Path(sources.Config, "--config", EnvironmentVariables.Config, sources);
        if (path is not null && SourceText.Read(path, origin, SourceText.MaxConfigBytes, errors) is { } text)
        {
            YamlSettings.ReadFile(text, path, settings, errors);
        }
    }

    private static (string? Path, Origin Origin) Path(
        string? flag, string flagName, string variable, ConfigurationSources sources) =>
        flag is not null
            ? (flag, Origin.Flag(flagName))
            : (sources.Environment.GetValueOrDefault(variable) is { Length: > 0 } path ? path : null,
                Origin.Variable(variable));
}
