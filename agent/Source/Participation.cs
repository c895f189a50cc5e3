using Sidecar.Agent.Health;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.Source;

/// <summary>
/// Which topics this member of the group asks for: those of subscriptions whose application is well enough to have
/// partitions. The others are left to the siblings. On the consume thread.
/// </summary>
internal sealed class Participation(KafkaConsumer consumer, SourceReport report, TimeSpan? leaveAfter)
{
    private readonly List<Member> members = [];
    private bool hasChanged;

    /// <summary>One more subscription; it takes part from the next <see cref="Steer"/> on, if its health allows it.</summary>
    public void Add(TopicRoute route) => members.Add(new Member(route, new Membership(leaveAfter)));

    /// <summary>A subscription asks for nothing any more, from the next <see cref="Steer"/> on.</summary>
    public void Remove(TopicRoute route)
    {
        hasChanged |= members.Exists(member => member.Route == route && member.Membership.IsIn);
        members.RemoveAll(member => member.Route == route);
    }

    /// <summary>Joins, leaves or changes what is asked for, if anything calls for it.</summary>
    public void Steer()
    {
        foreach (var member in members)
        {
            var before = member.Membership.IsIn;
            var health = member.Route.Health?.View ?? new HealthView(true, "", default);
            hasChanged |= member.Membership.Follow(health, report.Now);
            if (before != member.Membership.IsIn || !member.IsTold)
            {
                report.Participates(member.Route, member.Membership.IsIn, hasLeft: member.IsTold && before, health.Reason);
                member.IsTold = true;
            }
        }

        if (!hasChanged)
        {
            return;
        }

        hasChanged = false;
        var topics = members.Where(member => member.Membership.IsIn).SelectMany(member => member.Route.Topics).ToList();
        if (topics.Count == 0)
        {
            consumer.Unsubscribe();
        }
        else
        {
            consumer.Subscribe(topics);
        }
    }

    private sealed class Member(TopicRoute route, Membership membership)
    {
        public TopicRoute Route { get; } = route;

        public Membership Membership { get; } = membership;

        public bool IsTold { get; set; }
    }
}
