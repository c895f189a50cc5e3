namespace Sidecar.Agent.Subscriptions;

/// <summary>Turns the pod's annotations into settings. Three spellings, one meaning.</summary>
public static class Annotations
{
    private const string Defaults = "defaults";
    private const string Subscription = "subscription.";

    /// <summary>The relay reads the same annotations; these are its own.</summary>
    private const string Relay = "outbox";

    /// <summary>The forms of a key that is not a field of the process.</summary>
    public static IReadOnlyList<string> Forms { get; } = [Defaults, Subscription + "<name>"];

    /// <summary>The agent reads this annotation, and not the relay.</summary>
    public static bool IsTheAgents(Annotation annotation) =>
        !annotation.Key.AsSpan(AnnotationFile.Prefix.Length).StartsWith(Relay, StringComparison.Ordinal);

    /// <summary>Adds what the annotations set, and what is wrong with them.</summary>
    public static void Read(
        IEnumerable<Annotation> annotations, string path,
        List<Setting> settings, ICollection<ConfigurationError> errors)
    {
        foreach (var annotation in annotations)
        {
            var origin = new Origin(Precedence.Annotation, annotation.Key, null, $"{path}:{annotation.Line}");
            var name = annotation.Key[AnnotationFile.Prefix.Length..];
            if (name == Defaults)
            {
                var weaker = origin with { Precedence = Precedence.AnnotationDefaults };
                Fields(annotation.Value, Scope.Defaults, weaker, settings, errors);
            }
            else if (name.StartsWith(Subscription, StringComparison.Ordinal))
            {
                One(name[Subscription.Length..], annotation.Value, origin, settings, errors);
            }
            else if (!name.StartsWith(Relay, StringComparison.Ordinal))
            {
                settings.Add(new Setting(Scope.Process, name, SettingValue.Of(annotation.Value.Trim()), origin));
            }
        }
    }

    private static void One(
        string name, string value, Origin origin, List<Setting> settings, ICollection<ConfigurationError> errors)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var subscription = dot < 0 ? name : name[..dot];
        if (NameFormats.RefuseSubscription(subscription) is { } refused)
        {
            errors.Add(new ConfigurationError(origin, null, refused.Problem, refused.Fix));
        }
        else if (dot < 0)
        {
            Fields(value, new Scope(subscription), origin, settings, errors);
        }
        else
        {
            settings.Add(new Setting(
                new Scope(subscription),
                name[(dot + 1)..],
                SettingValue.Of(value.Trim()),
                origin with { Precedence = Precedence.AnnotationField }));
        }
    }

    /// <summary>Several fields in one value, whose shape says how they are written.</summary>
    private static void Fields(
        string value, Scope scope, Origin origin, List<Setting> settings, ICollection<ConfigurationError> errors)
    {
        var text = value.Trim();
        if (text.Length == 0)
        {
            errors.Add(new ConfigurationError(
                origin, value, "the value is empty", "Write at least the topic, or remove the annotation"));
        }
        else if (IsYaml(text))
        {
            // Not trimmed at its start: the first line's indentation is that of the others.
            YamlSettings.ReadBlock(value.TrimEnd(), scope, origin, settings, errors);
        }
        else
        {
            CompactValue.Read(text, scope, origin, settings, errors);
        }
    }

    /// <summary>No topic holds a colon, so that one line of <c>topics: orders.v1</c> is YAML too.</summary>
    private static bool IsYaml(string text) =>
        text.StartsWith('{')
        || text.Contains('\n', StringComparison.Ordinal)
        || (text.IndexOf(": ", StringComparison.Ordinal) is > 0 and var colon
            && text.AsSpan(0, colon).IndexOfAny('=', ';') < 0);
}
