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

/// <summary>
/// Which subscription takes the records of a topic. A topic has one. They come and go on the consume thread, which is the only
/// one that reads this once it turns.
/// </summary>
internal sealed class TopicRoutes
{
    private readonly List<TopicRoute> all = [];
    private readonly Dictionary<string, TopicRoute> byTopic = new(StringComparer.Ordinal);
    private readonly HashSet<TopicRoute> closed = new(ReferenceEqualityComparer.Instance);
    private long completedBefore;

    public TopicRoutes(IEnumerable<TopicRoute> routes)
    {
        foreach (var route in routes)
        {
            Add(route);
        }
    }

    /// <summary>All subscriptions.</summary>
    public IReadOnlyList<TopicRoute> All => all;

    /// <summary>Events that have ended, over all subscriptions that are or were here. Counts up only.</summary>
    public long Completed => completedBefore + all.Sum(route => route.Dispatcher.Completed);

    /// <summary>All topics.</summary>
    public IEnumerable<string> Topics => byTopic.Keys;

    /// <summary>The subscription of a topic.</summary>
    public TopicRoute Of(string topic) => byTopic[topic];

    /// <summary>Somebody takes the records of partitions of this topic that are assigned from now on.</summary>
    public bool IsOpen(string topic) => byTopic.TryGetValue(topic, out var route) && !closed.Contains(route);

    /// <summary>Who takes the records of a topic.</summary>
    public Dispatcher DispatcherOf(string topic) => byTopic[topic].Dispatcher;

    /// <summary>Where the group starts in a topic.</summary>
    public StartAt StartOf(string topic) => byTopic[topic].Start;

    /// <summary>One more; nobody has a topic of it.</summary>
    public void Add(TopicRoute route)
    {
        all.Add(route);
        foreach (var topic in route.Topics)
        {
            byTopic.Add(topic, route);
        }
    }

    /// <summary>It takes no more partitions; those that it has stay until they are taken away.</summary>
    public void Close(TopicRoute route) => closed.Add(route);

    /// <summary>It is gone, and so are its partitions.</summary>
    public void Remove(TopicRoute route)
    {
        completedBefore += route.Dispatcher.Completed;
        all.Remove(route);
        closed.Remove(route);
        foreach (var topic in route.Topics)
        {
            byTopic.Remove(topic);
        }
    }
}
