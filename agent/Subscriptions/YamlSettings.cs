using System.Globalization;

namespace Sidecar.Agent.Subscriptions;

/// <summary>Turns YAML into settings: the whole of a file, or the fields of one subscription.</summary>
public sealed class YamlSettings(
    Origin origin, Func<YamlNode, string> place, List<Setting> settings, ICollection<ConfigurationError> errors)
{
    private const string Subscriptions = "subscriptions";
    private const string Defaults = "defaults";
    private const string Kafka = "kafka";

    /// <summary>The keys of a file that are not fields of the process.</summary>
    public static IReadOnlyList<string> Sections { get; } = [Subscriptions, Defaults, Kafka];

    /// <summary>Reads the fields of a subscription, or of all, from a block in an annotation.</summary>
    public static void ReadBlock(
        string text, Scope scope, Origin origin, List<Setting> settings, ICollection<ConfigurationError> errors)
    {
        var reader = new YamlSettings(
            origin,
            node => string.Create(
                CultureInfo.InvariantCulture, $"{origin.Place}, block line {node.Line} column {node.Column}"),
            settings,
            errors);
        if (reader.Root(text) is not { } root)
        {
            return;
        }

        foreach (var (key, value) in root.Entries)
        {
            reader.Field(scope, key.Text, value, reader.At(key, origin.Key, key.Text));
        }
    }

    /// <summary>Reads a configuration file.</summary>
    public static void ReadFile(
        string text, string path, List<Setting> settings, ICollection<ConfigurationError> errors)
    {
        var origin = new Origin(Precedence.File, path, null, path);
        var reader = new YamlSettings(
            origin,
            node => string.Create(CultureInfo.InvariantCulture, $"{path}:{node.Line}:{node.Column}"),
            settings,
            errors);
        if (reader.Root(text) is not { } root)
        {
            return;
        }

        foreach (var (key, value) in root.Entries)
        {
            reader.Section(key, value);
        }
    }

    private void Section(YamlText key, YamlNode value)
    {
        var at = At(key, key.Text, null);
        switch (key.Text)
        {
            case Kafka:
                foreach (var (property, text) in Entries(value, at))
                {
                    var name = ProcessFields.KafkaPrefix + property.Text;
                    Field(Scope.Process, name, text, At(property, name, null));
                }

                break;
            case Defaults:
                Fields(Scope.Defaults, value, at with { Precedence = Precedence.FileDefaults });
                break;
            case Subscriptions:
                foreach (var (name, fields) in Entries(value, at))
                {
                    var inner = At(name, $"{Subscriptions}.{name.Text}", null);
                    if (NameFormats.RefuseSubscription(name.Text) is { } refused)
                    {
                        errors.Add(new ConfigurationError(inner, null, refused.Problem, refused.Fix));
                    }
                    else
                    {
                        Fields(new Scope(name.Text), fields, inner);
                    }
                }

                break;
            default:
                Field(Scope.Process, key.Text, value, at);
                break;
        }
    }

    /// <summary>A map of fields, or the compact form in one text.</summary>
    private void Fields(Scope scope, YamlNode value, Origin at)
    {
        if (value is YamlText { IsNull: false } text)
        {
            CompactValue.Read(text.Text, scope, at, settings, errors);
            return;
        }

        foreach (var (key, field) in Entries(value, at))
        {
            Field(scope, key.Text, field, At(key, $"{at.Key}.{key.Text}", null) with { Precedence = at.Precedence });
        }
    }

    private void Field(Scope scope, string name, YamlNode value, Origin at)
    {
        switch (value)
        {
            case YamlText { IsNull: true }:
                errors.Add(new ConfigurationError(at, null, "the value is empty", "Write a value, or remove the key"));
                break;
            case YamlText text:
                settings.Add(new Setting(scope, name, SettingValue.Of(text.Text), at));
                break;
            case YamlList list when list.Items.All(item => item is YamlText { IsNull: false }):
                var items = list.Items.Select(item => ((YamlText)item).Text).ToList();
                settings.Add(new Setting(scope, name, SettingValue.Of(items), at));
                break;
            case YamlList:
                errors.Add(new ConfigurationError(at, null, "a list may hold only texts", "Write [first, second]"));
                break;
            default:
                errors.Add(new ConfigurationError(
                    at, null, "a map stands where a value is expected", "Write one value, or correct the indentation"));
                break;
        }
    }

    private IReadOnlyList<(YamlText Key, YamlNode Value)> Entries(YamlNode value, Origin at)
    {
        if (value is YamlMap map)
        {
            return map.Entries;
        }

        errors.Add(new ConfigurationError(at, null, "a map is expected here", "Write key: value, one on each line"));
        return [];
    }

    private YamlMap? Root(string text)
    {
        var problems = new List<YamlProblem>();
        var root = YamlReader.Read(text, problems);
        foreach (var problem in problems)
        {
            var node = new YamlText("", false, problem.Line, problem.Column);
            errors.Add(new ConfigurationError(At(node, origin.Key, null), null, problem.Problem, problem.Fix));
        }

        if (root is YamlMap map)
        {
            return map;
        }

        if (problems.Count == 0)
        {
            var problem = root is null or YamlText { IsNull: true } ? "there is nothing in it" : "a map is expected";
            errors.Add(new ConfigurationError(origin, null, problem, "Write key: value, one on each line"));
        }

        return null;
    }

    private Origin At(YamlNode node, string key, string? inner) =>
        new(origin.Precedence, key, inner, place(node));
}
