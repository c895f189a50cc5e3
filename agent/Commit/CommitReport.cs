using Confluent.Kafka;
using Prometheus;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Commit;

/// <summary>Says how commits go: to the metrics and the waits.</summary>
internal sealed class CommitReport(AgentMetrics metrics, Waits waits, TimeProvider time)
{
    private const string What = "commit";

    private readonly Counter.Child accepted = metrics.Commits.WithLabels("ok");
    private readonly Counter.Child fenced = metrics.Commits.WithLabels("fenced");
    private readonly Counter.Child failed = metrics.Commits.WithLabels("failed");

    /// <summary>Kafka has accepted a commit.</summary>
    public void Committed()
    {
        accepted.Inc();
        metrics.LastCommit.Set(time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
        waits.Over(What);
    }

    /// <summary>
    /// A commit was not accepted. During a rebalance that is a fence, not a failure: the partition has another owner, or
    /// the next commit carries the new generation.
    /// </summary>
    public void Failed(ErrorCode error)
    {
        switch (error)
        {
            case ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId or ErrorCode.RebalanceInProgress
                or ErrorCode.FencedInstanceId or ErrorCode.StaleMemberEpoch or ErrorCode.Local_State
                or ErrorCode.Local_NoOffset:
                fenced.Inc();
                break;
            default:
                failed.Inc();
                waits.For(What, $"Kafka did not accept a commit: {Librdkafka.Describe(error)}; it is sent again");
                break;
        }
    }
}
