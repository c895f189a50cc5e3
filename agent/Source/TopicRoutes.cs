using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Health;

namespace Sidecar.Agent.Source;

/// <summary>One subscription as the consumer sees it.</summary>
/// <param name="Subscription">Its name.</param>
/// <param name="Topics">Its topics.</param>
/// <param name="Start">Where the group starts in them.</param>
/// <param name="Dispatcher">Who takes their records.</param>
internal sealed record TopicRoute(
    string Subscription, IReadOnlyList<string> Topics, StartAt Start, Dispatcher Dispatcher)
{
    /// <summary>The health of its application; null: nobody asks for it.</summary>
    public AppHealth? Health { get; init; }

    /// <summary>Who reads its retry topics; null: there are none.</summary>
    public RetryReader? Retries { get; init; }
}

/// <summary>Which subscription takes the records of a topic. A topic has one.</summary>
internal sealed class TopicRoutes(IReadOnlyList<TopicRoute> routes)
{
    private readonly Dictionary<string, TopicRoute> byTopic = routes
        .SelectMany(route => route.Topics.Select(topic => (topic, route)))
        .ToDictionary(pair => pair.topic, pair => pair.route);

    /// <summary>All subscriptions.</summary>
    public IReadOnlyList<TopicRoute> All => routes;

    /// <summary>Events that have ended, over all subscriptions.</summary>
    public long Completed => routes.Sum(route => route.Dispatcher.Completed);

    /// <summary>All topics.</summary>
    public IEnumerable<string> Topics => byTopic.Keys;

    /// <summary>The subscription of a topic.</summary>
    public TopicRoute Of(string topic) => byTopic[topic];

    /// <summary>Who takes the records of a topic.</summary>
    public Dispatcher DispatcherOf(string topic) => byTopic[topic].Dispatcher;

    /// <summary>Where the group starts in a topic.</summary>
    public StartAt StartOf(string topic) => byTopic[topic].Start;
}
