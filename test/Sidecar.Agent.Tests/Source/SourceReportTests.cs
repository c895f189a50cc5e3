using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Sidecar.Agent.Commit;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Source;
using Sidecar.Agent.Telemetry;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Source;

internal sealed class SourceReportTests
{
    private const int Partitions = 30;
    private static readonly string[] Types = ["assigned", "revoked", "lost", "left"];

    private readonly FakeTimeProvider time = new();
    private AgentMetrics metrics = null!;
    private Dispatcher dispatcher = null!;
    private SourceReport report = null!;

    [SetUp]
    public void Begin()
    {
        metrics = new AgentMetrics(Metrics.NewCustomRegistry());
        var telemetry = new AgentTelemetry(
            metrics, new Waits(NullLogger<Waits>.Instance, metrics.Waiting), new Heartbeat(metrics.LastTick.WithLabels("x"), time),
            NullLoggerFactory.Instance, time);
        dispatcher = new Dispatcher(new DispatchOptions(), new DeliveryOptions(), new BufferBudget(1), time, new Random(1));
        var routes = new TopicRoutes([new TopicRoute("orders", ["orders.v1"], StartAt.Earliest, dispatcher)]);
        report = new SourceReport(telemetry, routes, new SourceOptions());
    }

    [TearDown]
    public void End() => dispatcher.Dispose();

    [Test]
    public void A_rebalance_is_one_however_many_partitions_it_moves()
    {
        var begun = Enumerable.Range(0, Partitions).ToDictionary(
            number => new TopicPartition("orders.v1", number), _ => new StartPosition(0, -1, AckMap.Empty(0), 0, IsRecorded: true));
        var assigned = begun.Keys.Select(key => new AssignedPartition(
            dispatcher, dispatcher.Open(key.Topic, key.Partition.Value, new PartitionTracker(0, AckMap.Empty(0))), 0)).ToList();

        report.Assigned(begun);
        Assert.That((Counted(), metrics.Assigned.WithLabels("orders").Value), Is.EqualTo(("1 0 0 0", Partitions)));

        report.Gone(assigned[..20], SourceReport.Revoked);
        report.Gone(assigned[20..], SourceReport.Lost);
        Assert.That((Counted(), metrics.Assigned.WithLabels("orders").Value), Is.EqualTo(("1 1 1 0", 0)));
    }

    [Test]
    public void One_that_moves_nothing_of_ours_is_none_and_every_type_is_counted_from_zero()
    {
        report.Assigned(new Dictionary<TopicPartition, StartPosition>());
        report.Gone([], SourceReport.Revoked);

        Assert.That(metrics.Rebalances.GetAllLabelValues().Select(labels => labels[0]), Is.EquivalentTo(Types));
        Assert.That(Counted(), Is.EqualTo("0 0 0 0"));
    }

    private string Counted() => string.Join(' ', Types.Select(type => metrics.Rebalances.WithLabels(type).Value));
}
