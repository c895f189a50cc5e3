using Sidecar.Agent.Kafka;
using Sidecar.Agent.Source;

namespace Sidecar.Agent.Subscriptions;

/// <summary>Says what an operator probably meant by a key that does not exist.</summary>
public static class UnknownKeys
{
    private const string Explain = "See all with: agent explain";

    /// <summary>A key that is no field of the process.</summary>
    public static ConfigurationError OfProcess(Setting setting)
    {
        if (SubscriptionFields.Find(setting.Field) is not null)
        {
            return Error(
                setting,
                "this is said of a subscription, not of the process",
                setting.Origin.Precedence == Precedence.Annotation
                    ? $"Write {AnnotationFile.Prefix}subscription.<name>.{setting.Field}, or put it into "
                        + $"{AnnotationFile.Prefix}defaults"
                    : "Move it to subscriptions.<name>, or to defaults");
        }

        if (setting.Field.StartsWith(ProcessFields.KafkaPrefix, StringComparison.Ordinal))
        {
            var settable = ClientProperty.Names.Where(name => SourceOptionsRules.Refuse(name, "") is null);
            return Error(
                setting,
                "librdkafka has no property of this name",
                Nearest.Question(setting.Field[ProcessFields.KafkaPrefix.Length..], settable)
                    + "Mend or remove it; librdkafka's CONFIGURATION.md has them all");
        }

        var isAnnotation = setting.Origin.Precedence == Precedence.Annotation;
        var forms = isAnnotation ? Annotations.Forms : YamlSettings.Sections;
        var head = setting.Field.Split('.')[0];
        if (isAnnotation && Nearest.To(head, ["subscription"]) is not null)
        {
            return Error(
                setting, "unknown key", $"Did you mean {AnnotationFile.Prefix}subscription.<name>? {Explain}");
        }

        var known = ProcessFields.All.Select(field => field.Name).Concat(forms);
        return Error(setting, "unknown key", $"{Nearest.Question(setting.Field, known)}{Explain}");
    }

    /// <summary>A key that is no field of a subscription.</summary>
    public static ConfigurationError OfSubscription(Setting setting)
    {
        if (ProcessFields.All.Any(field => field.Name == setting.Field))
        {
            return Error(
                setting,
                "this is said of the process, not of a subscription",
                $"Write {AnnotationFile.Prefix}{setting.Field}, or {EnvironmentVariables.NameOf(setting.Field)}");
        }

        var known = SubscriptionFields.All.Select(field => field.Name);
        return Error(setting, "unknown key", $"{Nearest.Question(setting.Field, known)}{Explain}");
    }

    // What stands behind a key that nobody knows may be a secret under a misspelt name.
    private static ConfigurationError Error(Setting setting, string problem, string fix) =>
        new(setting.Origin, null, problem, fix);
}
