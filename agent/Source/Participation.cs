using Sidecar.Agent.Health;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.Source;

/// <summary>
/// Which topics this member of the group asks for: those of subscriptions whose application is well enough to have
/// partitions. The others are left to the siblings. On the consume thread.
/// </summary>
internal sealed class Participation(TopicRoutes routes, KafkaConsumer consumer, SourceReport report, TimeSpan? leaveAfter)
{
    private readonly List<(TopicRoute Route, Membership Membership)> all =
        [.. routes.All.Select(route => (route, new Membership(leaveAfter)))];

    private bool begun;

    /// <summary>Joins, leaves or changes what is asked for, if anybody's health calls for it.</summary>
    public void Steer()
    {
        var turned = false;
        foreach (var (route, membership) in all)
        {
            var before = membership.IsIn;
            var health = route.Health?.View ?? new HealthView(true, "", default);
            turned |= membership.Follow(health, report.Now);
            if (before != membership.IsIn || !begun)
            {
                report.Participates(route, membership.IsIn, hasLeft: begun && before, health.Reason);
            }
        }

        begun = true;
        if (!turned)
        {
            return;
        }

        var topics = all.Where(one => one.Membership.IsIn).SelectMany(one => one.Route.Topics).ToList();
        if (topics.Count == 0)
        {
            consumer.Unsubscribe();
        }
        else
        {
            consumer.Subscribe(topics);
        }
    }
}
