using Sidecar.Agent.Admission;
using Sidecar.Agent.Source;

namespace Sidecar.Agent.Operating;

/// <summary>One subscription, as a person sees it.</summary>
public sealed class SubscriptionDesk
{
    private readonly TopicRoute route;
    private readonly string app;
    private readonly Func<IReadOnlyList<PartitionView>> partitions;

    /// <param name="route">The subscription.</param>
    /// <param name="app">Where its application listens.</param>
    /// <param name="pause">Who pauses it.</param>
    /// <param name="partitions">All partitions that are assigned, as they were last seen.</param>
    internal SubscriptionDesk(TopicRoute route, string app, PauseSwitch pause, Func<IReadOnlyList<PartitionView>> partitions)
    {
        this.route = route;
        this.app = app;
        this.partitions = partitions;
        Pause = pause;
    }

    /// <summary>Its name.</summary>
    public string Name => route.Subscription;

    /// <summary>Pauses it.</summary>
    internal PauseSwitch Pause { get; }

    /// <summary>As it is now.</summary>
    internal SubscriptionStatus Status()
    {
        var inFlight = 0;
        var flow = route.Dispatcher.ReadAll(workers => inFlight = workers.Sum(worker => worker.InFlight));
        Pause?[] pauses = [Pause.Configured, Pause.Commanded];
        var why = flow.Barred ?? flow.Storm ?? Why(flow.Breaker);
        return new SubscriptionStatus(
            Name,
            app,
            route.Health is { } health ? health.View.IsUp switch { true => "up", false => "down", null => "unknown" } : "off",
            flow.Breaker.State.ToString().ToLowerInvariant(),
            inFlight,
            flow.Limit,
            flow.Unfunded,
            [.. pauses.OfType<Pause>()],
            why,
            [.. partitions().Where(view => view.Subscription == Name).OrderBy(view => view.Topic, StringComparer.Ordinal)
                .ThenBy(view => view.Partition).Select(view => Of(view, why))]);
    }

    private static PartitionStatus Of(PartitionView view, string? why) => new(
        view.Topic,
        view.Partition,
        view.Committable,
        view.End,
        view.End is { } end ? Math.Max(0, end - view.Committable) : null,
        view.OldestMs > 0 ? Math.Max(0, (view.SeenAtMs - view.OldestMs) / 1000) : 0,
        view.OldestMs > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(view.OldestMs) : null,
        view.Open,
        view.InFlight,
        view.Parked,
        view.Why ?? why);

    private static string? Why(BreakerView breaker) => breaker.IsPassable ? null : breaker.Cause switch
    {
        OpenCause.None => null,
        OpenCause.Absent => "the breaker is open: the application is not there, or is the wrong one",
        OpenCause.Unavailable => "the breaker is open: the application answers UNAVAILABLE",
        OpenCause.Trouble => "the breaker is open: too many deliveries end in a time-out or are turned away",
    };
}
