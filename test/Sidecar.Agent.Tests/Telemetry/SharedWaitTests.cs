using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Tests.Telemetry;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SharedWaitTests
{
    private readonly object one = new();
    private readonly object other = new();
    private readonly Waits waits = new(NullLogger<Waits>.Instance, new AgentMetrics(Metrics.NewCustomRegistry()).Waiting);
    private readonly SharedWait wait;

    public SharedWaitTests() => wait = new SharedWait(waits, "what:s");

    [Test]
    public void What_several_wait_for_is_waited_for_until_the_last_of_them_is_gone()
    {
        wait.For(one, "why");
        wait.For(other, "why");
        wait.GiveUp(one);
        Assert.That(waits.Current, Is.EqualTo(["what:s: why"]));

        wait.GiveUp(other);

        Assert.That(waits.Current, Is.Empty);
    }

    [Test]
    public void What_has_come_has_come_for_all_of_them()
    {
        wait.For(one, "why");
        wait.For(other, "why");

        wait.Over();

        Assert.That(waits.Current, Is.Empty);
        wait.For(one, "again");
        wait.GiveUp(other);
        Assert.That(waits.Current, Is.EqualTo(["what:s: again"]));
    }
}
