using System.Collections;
using System.CommandLine;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Commands;

/// <summary>The flags that configure: two that name files, and one for each field of the process.</summary>
public sealed class ConfigurationFlags
{
    private readonly Option<string?> annotations = new("--annotations")
    {
        Description = "The pod's annotations, as the Downward API writes metadata.annotations. [SIDECAR_ANNOTATIONS]",
        HelpName = "FILE",
        Recursive = true,
    };

    private readonly Option<string?> config = new("--config")
    {
        Description = "A configuration file, YAML or JSON. [SIDECAR_CONFIG]",
        HelpName = "FILE",
        Recursive = true,
    };

    private readonly IReadOnlyList<(string Field, Option<string?> Option)> fields = [.. ProcessFields.All
        .Where(field => field.IsSupported)
        .Select(field => (field.Name, new Option<string?>($"--{field.Name}")
        {
            Description = $"{field.Doc} [{EnvironmentVariables.NameOf(field.Name)}]",
            HelpName = "VALUE",
            Recursive = true,
        }))];

    /// <summary>Adds the flags to a command and those below it.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(annotations);
        command.Options.Add(config);
        foreach (var (_, option) in fields)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Loads the configuration that the command line and the variables of this process lead to.</summary>
    public ConfigurationResult Load(ParseResult line, IDictionary environment) => Configuration.Load(Sources(line, environment));

    /// <summary>Where that is looked for.</summary>
    public ConfigurationSources Sources(ParseResult line, IDictionary environment)
    {
        var variables = environment.Cast<DictionaryEntry>()
            .ToDictionary(pair => (string)pair.Key, pair => (string?)pair.Value ?? "", StringComparer.Ordinal);
        var flags = new List<Setting>();
        foreach (var (field, option) in fields)
        {
            if (line.GetValue(option) is { } value)
            {
                flags.Add(new Setting(
                    Scope.Process, field, SettingValue.Of(value), Origin.Flag(option.Name)));
            }
        }

        return new ConfigurationSources(line.GetValue(annotations), line.GetValue(config), variables, flags);
    }
}
