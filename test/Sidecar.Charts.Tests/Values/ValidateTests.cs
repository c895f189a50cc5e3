using Sidecar.Agent.Commands;
using Sidecar.Charts.Tests.Rig;
using CommandLine = Sidecar.Agent.Commands.CommandLine;

namespace Sidecar.Charts.Tests.Values;

/// <summary>What <c>agent validate</c> says to what the charts make.</summary>
[TestFixture]
internal sealed class ValidateTests
{
    [Test]
    public async Task The_agent_has_nothing_to_say_against_the_example()
    {
        var charts = await OncePerRun.Charts;
        var (exit, said) = await RunAsync(charts, await charts.RenderAsync(charts.Example));
        Assert.That(exit, Is.EqualTo(ExitCodes.Ok), said);
        Assert.That(said, Does.Contain("orders, payments"));
    }

    [Test]
    public async Task An_agent_that_the_pod_would_wait_for_is_an_error()
    {
        var charts = await OncePerRun.Charts;
        var (exit, said) = await RunAsync(
            charts, await charts.RenderAsync(charts.All, Rig.Charts.Both, "{place: initContainers, sidecars: {mode: classic}}"));
        Assert.That(exit, Is.EqualTo(ExitCodes.Misconfigured));
        Assert.That(said, Does.Contain("spec.template.spec.initContainers: sidecar-agent: this init container runs the agent")
            .And.Contain("Set restartPolicy: Always"));
        Assert.That(said, Does.Not.Contain("no container of this pod reads the annotations"), "one thing is wrong");
    }

    [TestCase("native", "initContainers")]
    [TestCase("classic", "containers")]
    public async Task Both_modes_are_well_in_their_own_place(string mode, string place)
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both, $"{{place: {place}, sidecars: {{mode: {mode}}}}}");
        var (exit, said) = await RunAsync(charts, made);
        Assert.That(exit, Is.EqualTo(ExitCodes.Ok), said);
    }

    [Test]
    public async Task An_init_container_that_reads_the_annotations_and_ends_is_well()
    {
        var charts = await OncePerRun.Charts;
        var (exit, said) = await RunAsync(charts, """
            kind: Deployment
            metadata: {name: orders}
            spec:
              template:
                metadata: {annotations: {sidecar.events/subscription.orders: orders.v1}}
                spec:
                  initContainers:
                  - {name: check, args: [config], env: [{name: SIDECAR_ANNOTATIONS, value: /a}]}
                  containers:
                  - name: agent
                    env: [{name: SIDECAR_ANNOTATIONS, value: /a}, {name: SIDECAR_SERVICE, value: orders},
                      {name: SIDECAR_NAMESPACE, value: shop}, {name: SIDECAR_BOOTSTRAP_SERVERS, value: "kafka:9092"}]
            """);
        Assert.That(exit, Is.EqualTo(ExitCodes.Ok), said);
    }

    private static Task<(int Exit, string Said)> RunAsync(Rig.Charts charts, Manifests made) => RunAsync(charts, made.Text);

    private static async Task<(int Exit, string Said)> RunAsync(Rig.Charts charts, string manifests)
    {
        using var output = new StringWriter();
        var exit = await CommandLine.InvokeAsync(
            ["validate", "-f", charts.Write(manifests, "yaml")], output, output, new Dictionary<string, string>());
        return (exit, output.ToString());
    }
}
