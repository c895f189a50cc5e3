using System.Collections.Concurrent;
using Sidecar.Agent.Dispatch;

namespace Sidecar.Agent.Source;

/// <summary>
/// Subscriptions that come and go while the loop turns. One that goes hands out nothing more; what it has in flight may end,
/// while the others go on; then its topics are no longer asked for, and Kafka takes its partitions, whose last offsets are
/// committed as at any other time. Any thread may ask; all else is on the consume thread.
/// </summary>
internal sealed class RouteChanges
{
    private readonly ConcurrentQueue<Going> orders = new();
    private readonly List<Going> going = [];
    private readonly TopicRoutes routes;
    private readonly Assignment assignment;
    private readonly FlowControl flow;
    private readonly Participation participation;
    private readonly SourceReport report;

    public RouteChanges(
        TopicRoutes routes, Assignment assignment, FlowControl flow, Participation participation, SourceReport report)
    {
        this.routes = routes;
        this.assignment = assignment;
        this.flow = flow;
        this.participation = participation;
        this.report = report;
        foreach (var route in routes.All)
        {
            participation.Add(route);
        }
    }

    /// <summary>How long what is in flight of a subscription that goes is waited for.</summary>
    public required TimeSpan Patience { get; init; }

    /// <summary>A subscription comes. Nobody has its topics any more.</summary>
    public void Come(TopicRoute route) => orders.Enqueue(new Going(route, IsComing: true));

    /// <summary>A subscription goes. The task ends when none of its partitions is ours.</summary>
    public Task GoAsync(TopicRoute route)
    {
        var order = new Going(route, IsComing: false);
        orders.Enqueue(order);
        return order.Gone.Task;
    }

    /// <summary>Takes the next step of everything that is under way.</summary>
    public void Steer()
    {
        // One that comes waits until strangers in its topics are gone: they would never be begun.
        while (orders.TryPeek(out var next) && !(next.IsComing && assignment.HasStrangers(next.Route)))
        {
            orders.TryDequeue(out _);
            Begin(next);
        }

        foreach (var order in going.ToList())
        {
            Follow(order);
        }

        participation.Steer();
        foreach (var order in going.Where(HasGone).ToList())
        {
            going.Remove(order);
            routes.Remove(order.Route);
            report.HasGone(order.Route);
            order.Gone.SetResult();
        }
    }

    private void Begin(Going order)
    {
        if (order.IsComing)
        {
            routes.Add(order.Route);
            participation.Add(order.Route);
            return;
        }

        var partitions = assignment.Of(order.Route);
        report.Goes(order.Route, partitions, Patience);
        routes.Close(order.Route);
        flow.PauseAll(partitions);
        assignment.Close(partitions);
        order.Until = report.Now + Patience;
        going.Add(order);
    }

    private void Follow(Going order)
    {
        var partitions = assignment.Of(order.Route);
        var isDrained = partitions.TrueForAll(one => one.Worker.Drained.IsSet);
        if (order.HasLeft || (!isDrained && report.Now < order.Until))
        {
            return;
        }

        // What is in flight still is let go now: when Kafka takes the partitions the loop would wait for it, and all with it.
        foreach (var partition in partitions.Where(one => !one.Worker.Drained.IsSet))
        {
            report.CutShort(partition, partition.Progress);
            Dispatcher.Cancel(partition.Worker);
        }

        order.HasLeft = true;
        participation.Remove(order.Route);
    }

    /// <summary>An answer of the group that was on its way may still give partitions of topics that we ask for no more.</summary>
    private bool HasGone(Going order) => order.HasLeft && assignment.Of(order.Route).Count == 0 && !assignment.HasStrangers(order.Route);

    private sealed record Going(TopicRoute Route, bool IsComing)
    {
        public TaskCompletionSource Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TimeSpan Until { get; set; }

        public bool HasLeft { get; set; }
    }
}
