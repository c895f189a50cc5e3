using Sidecar.Agent.Commit;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.Source;

/// <summary>
/// The end of this member: nothing new begins, what is in flight may end within the drain time-out, what is done is
/// committed, and the group is left, so that siblings take over at once. On the consume thread.
/// </summary>
internal sealed class GroupExit(
    Assignment assignment, FlowControl flow, OffsetCommitter committer, KafkaConsumer consumer, SourceReport report)
{
    /// <summary>
    /// How long, beyond the drain, a rebalance under way may keep us from the last commit. Kafka answers no commit of a member
    /// that waits for the others to join, and then refuses it, since the generation is a new one: what was done would come
    /// again at the next owner. In a rolling update that is the rule, not the exception: a new pod joins as an old one goes.
    /// </summary>
    private static readonly TimeSpan RebalancePatience = TimeSpan.FromSeconds(3);

    /// <summary>Drains and leaves.</summary>
    /// <param name="timeout">The longest wait for what is in flight.</param>
    /// <param name="turn">What goes on meanwhile: reports are taken, and commits sent.</param>
    public void Run(TimeSpan timeout, Action turn)
    {
        flow.PauseAll(assignment.All);
        report.Draining(assignment.All, timeout);
        assignment.Close(assignment.All);
        var deadline = report.Now + timeout;
        while (report.Now < deadline && !assignment.IsDrained)
        {
            turn();
        }

        assignment.Drain(assignment.All, TimeSpan.Zero);
        var latest = report.Now + RebalancePatience > deadline ? report.Now + RebalancePatience : deadline;
        committer.CommitNow(assignment.All, again: () =>
        {
            turn();
            return report.Now < latest;
        });
        assignment.LetGo();
        consumer.Leave();
        report.Left();
    }
}
