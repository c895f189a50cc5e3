using Prometheus;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Tests.Telemetry;

public sealed class ServiceLifeTests
{
    private readonly Gauge drain = Metrics.WithCustomRegistry(Metrics.NewCustomRegistry()).CreateGauge("drain", "drain");

    [Test]
    public void Without_a_gate_an_agent_is_always_ready()
    {
        var life = new ServiceLife(drain);
        Assert.That(life.NotReady(ReadinessGate.None), Is.Null);
        life.Draining();
        Assert.That(life.NotReady(ReadinessGate.None), Is.Null);
        Assert.That(life.DrainState, Does.StartWith("draining"));
    }

    [Test]
    public void A_gate_opens_when_what_it_names_has_been_reached()
    {
        var life = new ServiceLife(drain);
        Assert.That(life.NotReady(ReadinessGate.Kafka), Does.Contain("gate: kafka"));
        life.Connected();
        Assert.That(life.NotReady(ReadinessGate.Kafka), Is.Null);
        Assert.That(life.NotReady(ReadinessGate.Assigned), Does.Contain("gate: assigned"));
        life.Assigned();
        Assert.That(life.NotReady(ReadinessGate.Assigned), Is.Null);
    }

    [Test]
    public void A_drain_shuts_every_gate_and_the_metric_tells_how_far_it_is()
    {
        var life = new ServiceLife(drain);
        life.Assigned();
        life.Draining();
        Assert.That(drain.Value, Is.EqualTo(1));
        Assert.That(life.NotReady(ReadinessGate.Kafka), Does.StartWith("draining"));
        life.Drained();
        Assert.That(drain.Value, Is.EqualTo(2));
        Assert.That(life.NotReady(ReadinessGate.Assigned), Does.StartWith("drained"));
    }
}
