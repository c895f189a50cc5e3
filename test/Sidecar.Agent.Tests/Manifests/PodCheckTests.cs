using static Sidecar.Agent.Tests.Manifests.Rendered;

namespace Sidecar.Agent.Tests.Manifests;

/// <summary>What is said of the pod around the annotations: its grace period, its containers.</summary>
public sealed class PodCheckTests
{
    [TestCase("terminationGracePeriodSeconds: 24", "drain-timeout", "Set terminationGracePeriodSeconds to 25 or more")]
    [TestCase("terminationGracePeriodSeconds: 25", "of the subscription orders may take 30s", "lower the deadline")]
    [TestCase("terminationGracePeriodSeconds: soon", "not a whole number of seconds", "such as 60")]
    public void A_pod_that_is_killed_too_early_is_an_error(string spec, string what, string fix)
    {
        var check = Check(Workload("Deployment", "sidecar.events/subscription.orders: orders.v1", more: spec));

        Assert.That(Errors(check), Has.Some.Contains(what).And.Some.Contains(fix));
        Assert.That(Errors(check), Has.All.Contains("spec.template.spec: terminationGracePeriodSeconds = "));
    }

    [Test]
    public void A_drain_above_the_grace_period_that_Kubernetes_gives_by_itself_is_an_error()
    {
        var check = Check(Workload(
            "Deployment", "sidecar.events/subscription.orders: orders.v1", "sidecar.events/drain-timeout: 26s"));

        Assert.That(Errors(check).Single(), Does.Contain("terminationGracePeriodSeconds (not set) = \"30\"").And.Contain("to 31 or more"));
    }

    [Test]
    public void A_deadline_above_the_drain_is_odd_where_somebody_wrote_it()
    {
        var check = Check(Workload("Deployment", "sidecar.events/subscription.orders: orders.v1; deadline=25s"));

        Assert.That(Errors(check), Is.Empty);
        Assert.That(check.Findings.Single().ToString(), Does.Contain("above the drain-timeout of 20s"));
    }

    [Test]
    public void What_the_containers_variables_and_flags_say_is_resolved_with_the_annotations()
    {
        var check = Check("""
            kind: Deployment
            metadata: {name: orders}
            spec:
              template:
                metadata: {annotations: {sidecar.events/subscription.orders: orders.v1}}
                spec:
                  initContainers:
                  - name: agent
                    restartPolicy: Always
                    args: [run, --annotations=/etc/podinfo/annotations, --drain-timeout, 2m]
                    env: [{name: SIDECAR_METRICS_PORT, value: "http"}, {name: SIDECAR_SERVICE, value: orders}]
                  containers: [{name: app}]
            """);

        Assert.That(Errors(check), Has.Some.StartsWith(
            "Deployment orders (document 1), spec.template.metadata.annotations: SIDECAR_METRICS_PORT = \"http\""));
        Assert.That(Errors(check), Has.Some.Contains("bootstrap-servers: not set"));
        Assert.That(Errors(check), Has.Some.Contains("namespace: not set"));
        Assert.That(Errors(check), Has.None.Contains("service: not set"));
    }

    [Test]
    public void A_configuration_file_that_is_not_seen_here_may_hold_what_is_missing()
    {
        var check = Check("""
            kind: Deployment
            metadata: {name: orders}
            spec:
              template:
                metadata: {annotations: {sidecar.events/subscription.orders.concurrency: "4"}}
                spec: {containers: [{name: agent, args: [run, --annotations, /a, --config, /b]}]}
            """);

        Assert.That(Errors(check), Is.Empty);
        Assert.That(check.Findings.Single().ToString(), Does.Contain("Check it with agent config"));
    }

    [Test]
    public void A_pod_without_an_agent_and_a_prefix_that_is_nearly_right_are_odd()
    {
        var check = Check("""
            kind: Deployment
            metadata: {name: orders}
            spec:
              template:
                metadata: {annotations: {sidecar.event/subscription.b: b.v1, sidecar.events/subscription.a: a.v1}}
                spec: {containers: [{name: app}]}
            """);

        Assert.That(Errors(check), Is.Empty);
        Assert.That(check.Findings.Select(finding => finding.ToString()), Has.Some.Contains("nobody reads this prefix")
            .And.Some.Contains("no container of this pod reads the annotations"));
    }

    [TestCase("run", true)]
    [TestCase("config", false)]
    [TestCase("dlq, replay", false)]
    [TestCase("explain", false)]
    [TestCase("offsets, show", false)]
    [TestCase("validate", false)]
    public void An_init_container_never_ends_when_it_runs_the_agent_and_not_when_it_runs_a_command(string command, bool isWaitedFor)
    {
        var check = Check(Workload(
            "Deployment", "sidecar.events/subscription.orders: orders.v1; deadline=10s",
            more: $"initContainers: [{{name: before, args: [{command}, --annotations, /etc/podinfo/annotations]}}]"));

        Assert.That(Errors(check), isWaitedFor ? Has.Some.Contains("before: this init container runs the agent") : Is.Empty);
    }
}
