using System.Text.RegularExpressions;

namespace Sidecar.Agent.Subscriptions;

/// <summary>Names: of topics, methods, groups, services and subscriptions.</summary>
internal static partial class NameFormats
{
    /// <summary>
    /// The longest name of a subscription; with the longest field it still fits into an annotation's key.
    /// </summary>
    public const int MaxSubscriptionName = 30;

    /// <summary>The longest name of a topic or a group.</summary>
    public const int MaxKafkaName = 249;

    /// <summary>The most topics of one subscription.</summary>
    public const int MaxTopics = 100;

    /// <summary>Topics, as a list or separated by commas; each once.</summary>
    public static ValueFormat<IReadOnlyList<string>> Topics { get; } = new(
        $"1 to {MaxTopics} topic names, separated by commas",
        value => ReadTopics((value.Items ?? value.Text!.Split(',')).Select(topic => topic.Trim()).ToList()),
        topics => string.Join(',', topics));

    /// <summary>The full name of a gRPC method.</summary>
    public static ValueFormat<string?> Method { get; } = ValueFormat<string?>.OfText(
        "/package.Service/Method",
        text => MethodName().IsMatch(text)
            ? new Parsed<string?>(text, null)
            : Parsed<string?>.Wrong(
                "not the full name of a method",
                "Write it with both slashes, such as /acme.orders.v1.OrderEventsService/HandleOrderPlaced"),
        value => value ?? "");

    /// <summary>The name of a consumer group.</summary>
    public static ValueFormat<string> Group { get; } = ValueFormat<string>.OfText(
        $"1 to {MaxKafkaName} letters, digits, dots, dashes and underscores",
        text => IsKafkaName(text)
            ? new Parsed<string>(text, null)
            : Parsed<string>.Wrong(
                "not a name for a group", $"Use up to {MaxKafkaName} letters, digits, dots, dashes and underscores"),
        value => value);

    /// <summary>The name of one topic of the agent's own.</summary>
    public static ValueFormat<string> Topic { get; } = ValueFormat<string>.OfText(
        $"1 to {MaxKafkaName} letters, digits, dots, dashes and underscores",
        text => IsKafkaName(text)
            ? new Parsed<string>(text, null)
            : Parsed<string>.Wrong(
                "not a name for a topic", $"Use up to {MaxKafkaName} letters, digits, dots, dashes and underscores"),
        value => value);

    /// <summary>The name of a service or a namespace, as Kubernetes has them.</summary>
    public static ValueFormat<string> Label { get; } = ValueFormat<string>.OfText(
        "lower-case letters, digits and dashes, at most 63",
        text => text.Length <= 63 && LabelName().IsMatch(text)
            ? new Parsed<string>(text, null)
            : Parsed<string>.Wrong(
                "not a name as Kubernetes has them", "Use lower-case letters, digits and dashes, at most 63"),
        value => value);

    /// <summary>Why a subscription cannot have this name; null: it can.</summary>
    public static ValueProblem? RefuseSubscription(string name) =>
        name.Length <= MaxSubscriptionName && SubscriptionName().IsMatch(name)
            ? null
            : new ValueProblem(
                $"{ConfigurationError.Shown(name)} cannot be the name of a subscription",
                $"{LowerCase(name)}Use lower-case letters, digits and dashes, a letter first, "
                + $"at most {MaxSubscriptionName}");

    /// <summary>Names that differ by case only would be one subscription to people and two to the group.</summary>
    private static string LowerCase(string name) =>
        name.Length <= MaxSubscriptionName && SubscriptionName().IsMatch(name.ToLowerInvariant())
            ? $"Did you mean {name.ToLowerInvariant()}? "
            : "";

    private static Parsed<IReadOnlyList<string>> ReadTopics(List<string> topics)
    {
        const string fix =
            "Use up to 249 letters, digits, dots, dashes and underscores, several topics separated by commas";
        if (topics.Count == 0 || topics.Contains(""))
        {
            return Parsed<IReadOnlyList<string>>.Wrong("a topic's name is empty", fix);
        }

        if (topics.Count > MaxTopics)
        {
            return Parsed<IReadOnlyList<string>>.Wrong(
                $"{topics.Count} topics are more than {MaxTopics}", "Make several subscriptions");
        }

        if (topics.Find(topic => topic.StartsWith('^')) is { } pattern)
        {
            return Parsed<IReadOnlyList<string>>.Wrong(
                $"{ConfigurationError.Shown(pattern)} is a pattern: not supported yet", "Name every topic");
        }

        if (topics.Find(topic => !IsKafkaName(topic)) is { } wrong)
        {
            return Parsed<IReadOnlyList<string>>.Wrong(
                $"{ConfigurationError.Shown(wrong)} cannot be the name of a topic", fix);
        }

        var twice = topics.GroupBy(topic => topic, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1);
        return twice is null
            ? new Parsed<IReadOnlyList<string>>(topics, null)
            : Parsed<IReadOnlyList<string>>.Wrong(
                $"the topic {twice.Key} stands there twice", "Name every topic once");
    }

    private static bool IsKafkaName(string text) =>
        text.Length <= MaxKafkaName && text is not ("." or "..") && KafkaName().IsMatch(text);

    [GeneratedRegex(@"^[a-zA-Z0-9._-]+\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex KafkaName();

    [GeneratedRegex(
        @"^/[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*/[A-Za-z_][A-Za-z0-9_]*\z",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex MethodName();

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9-]*[a-z0-9])?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LabelName();

    [GeneratedRegex(@"^[a-z]([a-z0-9-]*[a-z0-9])?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SubscriptionName();
}
