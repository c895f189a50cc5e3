using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Source;

namespace Sidecar.Agent.Subscriptions;

/// <summary>
/// Makes options out of settings: precedence, defaults, the rules between fields and between subscriptions.
/// </summary>
public sealed class Resolver
{
    private readonly IReadOnlyList<Setting> settings;
    private readonly List<ConfigurationError> errors;
    private readonly AgentOptions options = new();
    private readonly List<ConfigurationLine> lines = [];
    private readonly Dictionary<string, (string Subscription, Origin? Origin)> topics = new(StringComparer.Ordinal);

    private Resolver(IReadOnlyList<Setting> settings, List<ConfigurationError> errors)
    {
        this.settings = settings;
        this.errors = errors;
    }

    /// <summary>The configuration, as far as it could be made; adds everything that is wrong.</summary>
    /// <param name="settings">What was written, from all sources.</param>
    /// <param name="errors">What could not be read; takes the rest.</param>
    public static ResolvedConfiguration Resolve(IReadOnlyList<Setting> settings, List<ConfigurationError> errors)
    {
        var resolver = new Resolver(settings, errors);
        var allWasRead = errors.Count == 0;
        var process = resolver.Process();
        resolver.Defaults();
        var names = settings.Where(setting => setting.Scope.IsOne)
            .Select(setting => setting.Scope.Subscription!).Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal).ToList();
        foreach (var name in names)
        {
            resolver.Subscription(name, names, process);
        }

        resolver.NoTopicOfOurOwnIsRead();

        // What could not be read may have held the subscriptions.
        if (names.Count == 0 && allWasRead)
        {
            errors.Add(NoSubscription(settings));
        }

        return new ResolvedConfiguration(resolver.options, resolver.lines);
    }

    private FieldLayer<AgentOptions> Process()
    {
        var layer = new FieldLayer<AgentOptions>(options, ProcessFields.Find, UnknownKeys.OfProcess);
        layer.Apply(Of(Scope.Process), errors);
        var broken = new List<RuleBreak>();
        SourceOptionsRules.Check(options.Source, broken);
        layer.Report(broken, "", errors);
        Required(layer);

        var derived = Origin.Default;
        if (!layer.IsSet(ProcessFields.Group))
        {
            options.Source.Group = $"{options.Namespace}.{options.Service}";
            derived = Origin.Derived("namespace.service");
        }

        var properties = options.Source.Properties.Keys.Order(StringComparer.Ordinal)
            .Select(property => ProcessFields.Find(ProcessFields.KafkaPrefix + property)!);
        foreach (var field in ProcessFields.All.Where(field => field.IsSupported).Concat(properties))
        {
            lines.Add(layer.Line(field, field.Name, field.Name == ProcessFields.Group ? derived : Origin.Default));
        }

        return layer;
    }

    private void Required(FieldLayer<AgentOptions> layer)
    {
        foreach (var name in new[] { "service", "namespace" })
        {
            if (!layer.IsSet(ProcessFields.Group) && !layer.IsSet(name))
            {
                errors.Add(ConfigurationError.Missing(
                    name,
                    "not set, and the group's name is made of it",
                    $"Set {EnvironmentVariables.NameOf(name)} or --{name}, "
                    + $"or name the group by {AnnotationFile.Prefix}group"));
            }
        }

        if (!layer.IsSet("bootstrap-servers"))
        {
            errors.Add(ConfigurationError.Missing(
                "bootstrap-servers",
                "not set: nobody knows where Kafka is",
                "Set SIDECAR_BOOTSTRAP_SERVERS or --bootstrap-servers to host:port of the brokers"));
        }
    }

    /// <summary>
    /// Reads what is said of all subscriptions once by itself, so that it is right even if nobody uses it.
    /// </summary>
    private void Defaults()
    {
        var unused = new FieldLayer<SubscriptionOptions>(
            new SubscriptionOptions(), SubscriptionFields.Find, UnknownKeys.OfSubscription);
        unused.Apply(Of(Scope.Defaults), errors);
        foreach (var setting in Of(Scope.Defaults).Where(setting => setting.Field == SubscriptionFields.Topics))
        {
            errors.Add(new ConfigurationError(
                setting.Origin, setting.Value.ToString(), "topics belong to one subscription each",
                "Move them to a subscription"));
        }
    }

    private void Subscription(string name, List<string> names, FieldLayer<AgentOptions> process)
    {
        var subscription = new SubscriptionOptions { Name = name };
        subscription.Delivery.AppAddress = options.AppAddress;
        var layer = new FieldLayer<SubscriptionOptions>(
            subscription, SubscriptionFields.Find, UnknownKeys.OfSubscription);
        var found = new List<ConfigurationError>();
        var defaults = Of(Scope.Defaults).Where(setting => setting.Field != SubscriptionFields.Topics);
        layer.Apply(defaults.Concat(Of(new Scope(name))), found);

        var broken = new List<RuleBreak>();
        DeliveryOptionsRules.Check(subscription.Delivery, broken);
        DispatchOptionsRules.Check(subscription.Dispatch, subscription.Delivery, broken);
        DeadLetters(subscription, layer, broken);
        Retries(subscription, broken);
        layer.Report(broken, $" (subscription {name})", found);
        errors.AddRange(found.Except(errors).ToList());
        Topics(subscription, names, layer);

        options.Subscriptions.Add(subscription);
        foreach (var field in SubscriptionFields.All.Where(field => field.IsSupported))
        {
            var inherited = field.Name switch
            {
                SubscriptionFields.AppAddress => process.OriginOf(field.Name),
                SubscriptionFields.DeadLetterTopic => Origin.Derived("group.subscription.dlq"),
                _ => null,
            };
            lines.Add(layer.Line(field, $"subscription.{name}.{field.Name}", inherited ?? Origin.Default));
        }
    }

    private void DeadLetters(
        SubscriptionOptions subscription, FieldLayer<SubscriptionOptions> layer, List<RuleBreak> broken)
    {
        var (letters, goThere) = (subscription.DeadLetter, subscription.Delivery.WritesLetters);
        letters.CreateTopics = options.CreateTopics;
        if (layer.IsSet(SubscriptionFields.DeadLetterTopic))
        {
            if (!goThere)
            {
                broken.Add(new RuleBreak(
                    SubscriptionFields.DeadLetterTopic, SubscriptionFields.OnExhaustedName,
                    "nothing goes to the dead-letter topic, since on-exhausted is not dead-letter",
                    "Set on-exhausted to dead-letter, or remove dlq"));
            }

            return;
        }

        letters.Topic = $"{options.Source.Group}.{subscription.Name}.dlq";
        if (goThere && letters.Topic.Length > NameFormats.MaxKafkaName)
        {
            broken.Add(new RuleBreak(
                SubscriptionFields.DeadLetterTopic, SubscriptionFields.DeadLetterTopic,
                $"the name of the dead-letter topic, group.subscription.dlq, has more than {NameFormats.MaxKafkaName} letters",
                "Name it by dlq"));
        }
    }

    private void Retries(SubscriptionOptions subscription, List<RuleBreak> broken)
    {
        if (subscription.Dispatch.Retries.Count == 0)
        {
            return;
        }

        if (subscription.Topics.Count > 1)
        {
            broken.Add(new RuleBreak(
                SubscriptionFields.Retries, SubscriptionFields.Topics,
                "a retry topic has the partitions of one topic, and the subscription has several",
                "Make a subscription of each topic that needs retries, or remove retries"));
        }

        var names = new RetryTopicNames(options.Source.Group, subscription.Name);
        if (subscription.Dispatch.Retries.Any(delay => names.Of(delay).Length > NameFormats.MaxKafkaName))
        {
            broken.Add(new RuleBreak(
                SubscriptionFields.Retries, SubscriptionFields.Retries,
                $"the name of a retry topic, group.subscription.retry.delay, has more than {NameFormats.MaxKafkaName} letters",
                "Give the subscription or the group a shorter name"));
        }
    }

    /// <summary>A dead letter or a resend that a subscription reads again would go round for ever.</summary>
    private void NoTopicOfOurOwnIsRead()
    {
        foreach (var (topic, reader) in topics)
        {
            if (options.Subscriptions.Find(s => new RetryTopicNames(options.Source.Group, s.Name).DelayOf(topic) is not null) is { } owner)
            {
                errors.Add(new ConfigurationError(
                    reader.Origin!, topic, $"the subscription {reader.Subscription} reads a retry topic of {owner.Name}",
                    "Remove the topic there"));
            }
        }

        foreach (var subscription in options.Subscriptions.Where(s => s.Delivery.WritesLetters))
        {
            if (topics.TryGetValue(subscription.DeadLetter.Topic, out var reader))
            {
                errors.Add(new ConfigurationError(
                    reader.Origin!, subscription.DeadLetter.Topic,
                    $"the subscription {reader.Subscription} reads the dead-letter topic of {subscription.Name}",
                    "Remove the topic there, or name another by dlq"));
            }
        }
    }

    private void Topics(SubscriptionOptions subscription, List<string> names, FieldLayer<SubscriptionOptions> layer)
    {
        if (!layer.IsSet(SubscriptionFields.Topics))
        {
            var first = Of(new Scope(subscription.Name)).First();
            var question = Nearest.Question(subscription.Name, names.Where(name => name != subscription.Name));
            errors.Add(new ConfigurationError(
                first.Origin, null, $"the subscription {subscription.Name} has no topics",
                (question.Length == 0 ? "Write " : $"{question}Otherwise write ")
                    + $"{AnnotationFile.Prefix}subscription.{subscription.Name}: <topic>"));
        }

        var origin = layer.OriginOf(SubscriptionFields.Topics);
        foreach (var topic in subscription.Topics)
        {
            if (!topics.TryAdd(topic, (subscription.Name, origin)))
            {
                var (other, place) = topics[topic];
                errors.Add(new ConfigurationError(
                    origin!, topic,
                    $"the subscription {other} has this topic too ({place!.Written})",
                    "A topic belongs to one subscription of a group: remove it from one of them"));
            }
        }
    }

    private IEnumerable<Setting> Of(Scope scope) => settings.Where(setting => setting.Scope == scope);

    private static ConfigurationError NoSubscription(IReadOnlyList<Setting> settings)
    {
        const string key = $"{AnnotationFile.Prefix}subscription.<name>";
        return settings.Any(setting => setting.Origin.Kind == "annotation")
            ? ConfigurationError.Missing(
                key, "there is no subscription", $"Add an annotation {key}: <topic> beside the others")
            : ConfigurationError.Missing(
                key,
                "there is no subscription, and no other annotation of ours",
                "Most often the annotations stand in the Deployment's own metadata: put them into "
                + "spec.template.metadata.annotations, and name the file of the Downward API by --annotations");
    }
}
