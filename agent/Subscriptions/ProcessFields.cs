using Sidecar.Agent.Commit;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Source;
using Sidecar.Agent.Telemetry;
using Sidecar.Credentials;
using F = Sidecar.Agent.Subscriptions.Field<Sidecar.Agent.Subscriptions.AgentOptions>;

namespace Sidecar.Agent.Subscriptions;

/// <summary>Everything that can be said about the process.</summary>
internal static class ProcessFields
{
    /// <summary>What stands before the name of a property of the Kafka client.</summary>
    public const string KafkaPrefix = "kafka.";

    /// <summary>The consumer group.</summary>
    public const string Group = "group";

    private static readonly string[] LogLevels = ["verbose", "debug", "information", "warning", "error"];

    /// <summary>The fields, in the order in which they are documented.</summary>
    public static IReadOnlyList<F> All { get; } =
    [
        F.Of(
            "service", NameFormats.Label, "The service that this agent belongs to. Required, unless group is given.",
            o => o.Service, (o, v) => o.Service = v),
        F.Of(
            "namespace", NameFormats.Label, "Its namespace. Required, unless group is given.",
            o => o.Namespace, (o, v) => o.Namespace = v),
        F.Of(
            Group, NameFormats.Group, "The consumer group. By default namespace.service.",
            o => o.Source.Group, (o, v) => o.Source.Group = v).When(Live.Refused),
        F.Of(
            "bootstrap-servers", AddressFormats.Brokers, "Addresses of Kafka brokers. Required.",
            o => o.Source.BootstrapServers, (o, v) => o.Source.BootstrapServers = v),
        F.Of(
            SecurityOptions.ProtocolSetting, ScalarFormats.Choice([.. SecurityOptions.Protocols.Select(one => (one.Key, one.Value))]),
            "How connections to Kafka are protected, by Kafka's own names; SSL is TLS.",
            o => o.Source.Security.Protocol, (o, v) => o.Source.Security.Protocol = v),
        F.Of(
            SecurityOptions.MechanismSetting, Words(SecurityOptions.Mechanisms),
            "How a user and a password are proven. Required with SASL.",
            o => o.Source.Security.Mechanism, (o, v) => o.Source.Security.Mechanism = v),
        F.Of(
            SecurityOptions.DirectorySetting, AddressFormats.File,
            "The directory of a mounted Secret with the files username and password (SASL), ca.crt, tls.crt and tls.key (TLS).",
            o => o.Source.Security.Directory, (o, v) => o.Source.Security.Directory = v),
        F.Of(
            SubscriptionFields.AppAddress, AddressFormats.App,
            "Where the application listens, for subscriptions that do not say otherwise.",
            o => o.AppAddress, (o, v) => o.AppAddress = v).When(Live.Anew),
        F.Of(
            "session-timeout",
            ScalarFormats.Duration(SourceOptionsRules.MinSessionTimeout, SourceOptionsRules.MaxSessionTimeout),
            "How long the group waits for a pod that went silent before others take its partitions.",
            o => o.Source.SessionTimeout, (o, v) => o.Source.SessionTimeout = v),
        F.Of(
            "revoke-timeout", ScalarFormats.Duration(TimeSpan.Zero, SourceOptionsRules.MaxRevokeTimeout),
            "How long partitions that are taken away wait for their deliveries in flight.",
            o => o.Source.RevokeTimeout, (o, v) => o.Source.RevokeTimeout = v),
        F.Of(
            "drain-timeout", ScalarFormats.Duration(TimeSpan.Zero, SourceOptionsRules.MaxDrainTimeout),
            "How long a stop waits for deliveries in flight; below the pod's grace period.",
            o => o.Source.DrainTimeout, (o, v) => o.Source.DrainTimeout = v),
        F.Of(
            "leave-after", FlowFormats.DurationOrOff(SourceOptionsRules.MinLeaveAfter, SourceOptionsRules.MaxLeaveAfter),
            "How long an application may be unhealthy before its partitions are left to other pods.",
            o => o.Source.LeaveAfter, (o, v) => o.Source.LeaveAfter = v),
        F.Of(
            "max-buffer", ScalarFormats.Size(SourceOptionsRules.MinBufferBytes, SourceOptionsRules.MaxBufferBytes),
            "Bytes that all events received and not yet done may hold; above it every partition pauses.",
            o => o.Source.MaxBufferBytes, (o, v) => o.Source.MaxBufferBytes = v),
        F.Of(
            "commit-interval", ScalarFormats.Duration(CommitOptionsRules.MinInterval, CommitOptionsRules.MaxInterval),
            "The longest time between a completed event and the commit that covers it.",
            o => o.Commit.Interval, (o, v) => o.Commit.Interval = v),
        F.Of(
            "commit-completions", ScalarFormats.Integer(1, CommitOptionsRules.MaxCompletions),
            "Completed events after which a commit is sent before the interval has passed.",
            o => o.Commit.Completions, (o, v) => o.Commit.Completions = v),
        F.Of(
            "create-topics", ScalarFormats.Boolean,
            "Whether the agent creates topics of its own (dead letters) that do not exist, as the brokers' defaults say.",
            o => o.CreateTopics, (o, v) => o.CreateTopics = v),
        F.Of(
            "metrics-port", ScalarFormats.Integer(0, 65535), "The port of metrics and health. 0: any free port.",
            o => o.MetricsPort, (o, v) => o.MetricsPort = v),
        F.Of(
            "admin-port", ScalarFormats.Integer(0, 65535),
            "The port of the commands that act on a running agent (status, pause, resume, drain), on loopback alone. 0: any free port.",
            o => o.AdminPort, (o, v) => o.AdminPort = v),
        F.Of(
            "api-port", ScalarFormats.Integer(0, 65535),
            "The port of the gRPC service for the application (Extend), on loopback alone; open where a subscription has max-deadline.",
            o => o.ApiPort, (o, v) => o.ApiPort = v),
        F.Of(
            "gate",
            ScalarFormats.Choice([
                ("none", ReadinessGate.None), ("kafka", ReadinessGate.Kafka), ("assigned", ReadinessGate.Assigned)]),
            "What /readyz, and with it the pod, waits for. none: nothing. kafka: a broker has answered. assigned: the group has "
            + "given partitions. Once reached, it stays so until a drain.",
            o => o.Gate, (o, v) => o.Gate = v),
        F.Of(
            "termination-log", AddressFormats.File,
            "The file that Kubernetes shows as the reason of the container's end; not written where it does not exist.",
            o => o.TerminationLog, (o, v) => o.TerminationLog = v),
        F.Of("log-level", Words(LogLevels), "The least level that is logged.", o => o.LogLevel, (o, v) => o.LogLevel = v).When(Live.AtOnce),
        F.NotYet("log-format", "json or text. Without it: text on a terminal, JSON elsewhere."),
        F.NotYet("group-instance-id", "Static membership, for StatefulSets."),
        F.NotYet("group-protocol", "consumer: the group protocol on the broker's side."),
        F.NotYet("insecure", "true: the certificates of brokers are not checked."),
    ];

    /// <summary>
    /// The field of this name, one of the Kafka client's properties included; null where there is none.
    /// </summary>
    public static F? Find(string name)
    {
        if (!name.StartsWith(KafkaPrefix, StringComparison.Ordinal))
        {
            return All.FirstOrDefault(field => field.Name == name);
        }

        // What is refused has a better answer than that nobody knows it.
        var property = name[KafkaPrefix.Length..];
        return SourceOptionsRules.Refuse(property, "") is not null || ClientProperty.IsKnown(property) ? Property(property) : null;
    }

    /// <summary>All fields that either of two configurations may hold, the Kafka client's properties included.</summary>
    public static IEnumerable<F> Of(AgentOptions one, AgentOptions other) => All.Concat(
        one.Source.Properties.Keys.Union(other.Source.Properties.Keys).Order(StringComparer.Ordinal).Select(Property));

    /// <summary>A property of the Kafka client, passed on under its own name.</summary>
    private static F Property(string name)
    {
        var format = ValueFormat<string>.OfText(
            "as librdkafka documents it",
            text => SourceOptionsRules.Refuse(name, text) is { } broken
                ? Parsed<string>.Wrong(broken.Problem, broken.Fix)
                : ClientProperty.Refusal(name, text) is { } said
                    ? Parsed<string>.Wrong(
                        $"librdkafka does not take it: {said}", "Mend or remove it; librdkafka's CONFIGURATION.md says more")
                    : new Parsed<string>(text, null),
            value => value);
        var field = F.Of(
            KafkaPrefix + name, format, "A property of librdkafka.",
            o => o.Source.Properties.GetValueOrDefault(name, ""), (o, v) => o.Source.Properties[name] = v);
        return SourceOptionsRules.IsSecret(name) ? field.AsSecret() : field;
    }

    private static ValueFormat<string> Words(IReadOnlyList<string> words)
    {
        var limits = string.Join(" | ", words);
        return ValueFormat<string>.OfText(
            limits,
            text => words.Contains(text)
                ? new Parsed<string>(text, null)
                : Parsed<string>.Wrong(
                    "not one of its words", $"{Nearest.Question(text, words)}Use one of: {limits}"),
            value => value);
    }
}
