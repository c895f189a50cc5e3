using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Source;
using Delivers = Sidecar.Agent.Delivery.DeliveryOptionsRules;
using Dispatches = Sidecar.Agent.Dispatch.DispatchOptionsRules;
using F = Sidecar.Agent.Subscriptions.Field<Sidecar.Agent.Subscriptions.SubscriptionOptions>;

namespace Sidecar.Agent.Subscriptions;

/// <summary>Everything that can be said about a subscription.</summary>
internal static class SubscriptionFields
{
    /// <summary>The field that a value without a name stands for.</summary>
    public const string Topics = "topics";

    /// <summary>
    /// Where the application listens; the process has a field of the same name, which all subscriptions take over.
    /// </summary>
    public const string AppAddress = "app-address";

    /// <summary>The dead-letter topic, which has a name unless it is given one.</summary>
    public const string DeadLetterTopic = "dlq";

    /// <summary>What becomes of an event that nobody could handle.</summary>
    public const string OnExhaustedName = "on-exhausted";

    /// <summary>The delays of durable resends.</summary>
    public const string Retries = "retries";

    /// <summary>The fields, in the order in which they are documented.</summary>
    public static IReadOnlyList<F> All { get; } =
    [
        F.Of(Topics, NameFormats.Topics, "The topics to read. Required.", o => o.Topics, (o, v) => o.Topics = v).When(Live.Anew),
        F.Of(
            AppAddress, AddressFormats.App, "Where the application listens.",
            o => o.Delivery.AppAddress, (o, v) => o.Delivery.AppAddress = v).When(Live.Anew),
        F.Of(
            "method", NameFormats.Method,
            "The application's own unary method, called with the record's value as it is; without it, the generic one.",
            o => o.Delivery.Method, (o, v) => o.Delivery.Method = v).When(Live.Anew),
        F.Of(
            "framing", ScalarFormats.Choice([("none", Framing.None), ("confluent", Framing.Confluent)]),
            "What stands before the message in the value; confluent: the Schema Registry's prefix. Only with method.",
            o => o.Delivery.Framing, (o, v) => o.Delivery.Framing = v).When(Live.Anew),
        F.Of(
            "deadline", ScalarFormats.Duration(Delivers.MinDeadline, Delivers.MaxDeadline),
            "The longest that one attempt may take.", o => o.Delivery.Deadline, (o, v) => o.Delivery.Deadline = v).When(Live.AtOnce),
        F.Of(
            "max-deadline", FlowFormats.DurationOrOff(Delivers.MinDeadline, Delivers.MaxMaxDeadline),
            "The deadline to which a handler may extend its own while it works (Extend); the call carries it.",
            o => o.Delivery.MaxDeadline, (o, v) => o.Delivery.MaxDeadline = v).When(Live.Anew),
        F.Of(
            "attempts", ScalarFormats.Integer(1, Delivers.MaxAttempts),
            "Attempts that an event gets before on-exhausted. Times when the application is not there do not count.",
            o => o.Delivery.Attempts, (o, v) => o.Delivery.Attempts = v).When(Live.AtOnce),
        F.Of(
            "backoff", ScalarFormats.Range(Delivers.MinBackoff, Delivers.MaxBackoff),
            "The shortest and the longest pause between two attempts; one alone stands for both.",
            o => (o.Delivery.BackoffMin, o.Delivery.BackoffMax),
            (o, v) => (o.Delivery.BackoffMin, o.Delivery.BackoffMax) = v).When(Live.AtOnce),
        F.Of(
            "retry-budget", FlowFormats.Percent(Delivers.MaxRetryBudgetPercent),
            "Retries as a share of first attempts; ten a second are always allowed. Beyond it a retry waits longer.",
            o => o.Delivery.RetryBudgetPercent, (o, v) => o.Delivery.RetryBudgetPercent = v).When(Live.AtOnce),
        F.Of(
            "max-hold", ScalarFormats.Duration(TimeSpan.Zero, Delivers.MaxHold),
            "How long an event waits, in sum, while the application answers UNAVAILABLE, before that counts as an attempt.",
            o => o.Delivery.MaxHold, (o, v) => o.Delivery.MaxHold = v).When(Live.AtOnce),
        F.Of(
            OnExhaustedName,
            ScalarFormats.Choice([("dead-letter", OnExhausted.DeadLetter), ("park", OnExhausted.Park), ("stop", OnExhausted.Stop)]),
            "What becomes of an event that was rejected or has used up its attempts. stop: its partition stands. park: its key "
            + "waits behind it, others go on. dead-letter: it goes to the dead-letter topic.",
            o => o.Delivery.OnExhausted, (o, v) => o.Delivery.OnExhausted = v).When(Live.Anew),
        F.Of(
            DeadLetterTopic, NameFormats.Topic, "The dead-letter topic. By default group.subscription.dlq.",
            o => o.DeadLetter.Topic, (o, v) => o.DeadLetter.Topic = v).When(Live.Anew),
        F.Of(
            "dlq-limit", StormFormat.Threshold,
            "More dead letters than this, in a minute or of the last 100 events, hold the subscription until the application is well.",
            o => o.Dispatch.DeadLetterLimit, (o, v) => o.Dispatch.DeadLetterLimit = v).When(Live.AtOnce),
        F.Of(
            Retries, FlowFormats.Delays(Dispatches.MinRetryDelay, Dispatches.MaxRetryDelay, Dispatches.MaxRetries),
            "Delays of durable resends, such as 1m,10m,1h: an event that has used up its attempts waits in a retry topic for each in "
            + "turn, gets one attempt after it, and comes to its end after the last. With ordering: key its key waits with it.",
            o => o.Dispatch.Retries, (o, v) => o.Dispatch.Retries = v).When(Live.Anew),
        F.Of(
            "ordering",
            ScalarFormats.Choice([("key", Ordering.Key), ("none", Ordering.None), ("partition", Ordering.Partition)]),
            "Which events wait for one another: those of one key, none, or those of one partition.",
            o => o.Dispatch.Ordering, (o, v) => o.Dispatch.Ordering = v).When(Live.Anew),
        F.Of(
            "concurrency", FlowFormats.Concurrency(Dispatches.MaxConcurrency),
            "Deliveries in flight at a time, over all partitions of the subscription in this pod: the most, or the least and the "
            + "most. Between them the limit follows the application's latency.",
            o => (o.Dispatch.ConcurrencyFloor, o.Dispatch.Concurrency),
            (o, v) => (o.Dispatch.ConcurrencyFloor, o.Dispatch.Concurrency) = v).When(Live.AtOnce),
        F.Of(
            "window", ScalarFormats.Integer(Dispatches.MinWindow, Dispatches.MaxWindow),
            "Events of one partition that may be received and not yet done.",
            o => o.Dispatch.Window, (o, v) => o.Dispatch.Window = v).When(Live.AtOnce),
        F.Of(
            "window-bytes", ScalarFormats.Size(Dispatches.MinWindowBytes, Dispatches.MaxWindowBytes),
            "The same in bytes.", o => o.Dispatch.WindowBytes, (o, v) => o.Dispatch.WindowBytes = v).When(Live.AtOnce),
        F.Of(
            "max-message", ScalarFormats.Size(Delivers.MinMessageBytes, Delivers.MaxMessageBytes),
            "The largest call that is sent; an event that makes a larger one has come to its end.",
            o => o.Delivery.MaxMessageBytes, (o, v) => o.Delivery.MaxMessageBytes = (int)v).When(Live.Anew),
        F.Of(
            "start", ScalarFormats.Choice([("earliest", StartAt.Earliest), ("latest", StartAt.Latest)], "timestamp"),
            "Where the group starts in a topic that it has never read.", o => o.Start, (o, v) => o.Start = v).When(Live.Anew),
        F.Of(
            "filter", FilterFormat.Terms,
            "Events that are delivered, by type or header; the others are skipped and counted. Terms about the same are alternatives, "
            + "terms about different things must all hold.",
            o => o.Dispatch.Filter, (o, v) => o.Dispatch.Filter = v).When(Live.AtOnce),
        F.Of(
            "max-age", FlowFormats.DurationOrOff(Delivers.MinMaxAge, Delivers.MaxMaxAge),
            "Events whose record is older than this when they would be sent are not delivered.",
            o => o.Delivery.MaxAge, (o, v) => o.Delivery.MaxAge = v).When(Live.AtOnce),
        F.Of(
            "on-expired", ScalarFormats.Choice([("skip", OnExpired.Skip), ("dead-letter", OnExpired.DeadLetter)]),
            "What becomes of events that are older than max-age. skip: they are done, and counted. dead-letter: they go to the "
            + "dead-letter topic.",
            o => o.Delivery.OnExpired, (o, v) => o.Delivery.OnExpired = v).When(Live.AtOnce),
        F.Of(
            "rate-limit", FlowFormats.IntegerOrOff(1, Dispatches.MaxRateLimit),
            "Deliveries that may start in a second, repeats included, over all partitions of the subscription in this pod.",
            o => o.Dispatch.RateLimit, (o, v) => o.Dispatch.RateLimit = v).When(Live.AtOnce),
        F.Of(
            "health", HealthFormat.Setting,
            "How the application is asked whether it is well; while it is not, nothing is sent to it. auto: by grpc.health.v1 if it has "
            + "that, otherwise whether something listens.",
            o => o.Health, (o, v) => o.Health = v).When(Live.Anew),
        F.Of(
            "paused", PausedFormat.Reason, "Nothing is delivered, in every pod, until it is false: true, or why.",
            o => o.Paused, (o, v) => o.Paused = v).When(Live.AtOnce),
        F.NotYet("dedicated", "true: a consumer and a group of its own for this subscription."),
        F.NotYet("delivery", "single, batch or stream."),
        F.NotYet("batch-size", "Events of one batch at most."),
        F.NotYet("batch-wait", "The longest wait for a batch to fill."),
    ];

    /// <summary>The field of this name; null where there is none.</summary>
    public static F? Find(string name) => All.FirstOrDefault(field => field.Name == name);
}
