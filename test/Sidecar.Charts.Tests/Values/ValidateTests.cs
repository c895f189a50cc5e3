using System.Globalization;
using System.Text.RegularExpressions;
using Sidecar.Agent.Commands;
using Sidecar.Charts.Tests.Rig;
using Sidecar.TestKit;
using CommandLine = Sidecar.Agent.Commands.CommandLine;

namespace Sidecar.Charts.Tests.Values;

/// <summary>What <c>agent validate</c> says to what the charts make, and what the pages say that it says.</summary>
[TestFixture]
internal sealed partial class ValidateTests
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

    [TestCase("charts/sidecar/values.yaml", @"terminationGracePeriodSeconds` at least (?<seconds>\d+) s above it")]
    [TestCase("docs/OPERATIONS.md", @"`drain-timeout` \(20 s\) and (?<seconds>\d+) s as its grace period")]
    [TestCase("docs/CONFIGURATION.md", @"the grace period must have (?<seconds>\d+) s more than the drain")]
    public async Task The_seconds_behind_a_drain_that_the_pages_name_are_those_that_are_checked(string page, string sentence)
    {
        var charts = await OncePerRun.Charts;
        var text = Breaks().Replace(File.ReadAllText(Repository.At(page.Split('/'))), " ");
        var named = Regex.Match(text, sentence, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        Assert.That(named.Success, Is.True, $"{page} does not say it");

        // A pod that says nothing gets 30 s of Kubernetes.
        var longest = 30 - int.Parse(named.Groups["seconds"].Value, CultureInfo.InvariantCulture);
        Assert.That((await DrainAsync(charts, longest)).Exit, Is.EqualTo(ExitCodes.Ok));
        Assert.That((await DrainAsync(charts, longest + 1)).Said, Does.Contain("terminationGracePeriodSeconds"));
    }

    private static async Task<(int Exit, string Said)> DrainAsync(Rig.Charts charts, int seconds) => await RunAsync(
        charts, await charts.RenderAsync(charts.All, Rig.Charts.Both, $"sidecars: {{agent: {{drainTimeout: {seconds}s}}}}"));

    private static Task<(int Exit, string Said)> RunAsync(Rig.Charts charts, Manifests made) => RunAsync(charts, made.Text);

    private static async Task<(int Exit, string Said)> RunAsync(Rig.Charts charts, string manifests)
    {
        using var output = new StringWriter();
        var exit = await CommandLine.InvokeAsync(
            ["validate", "-f", charts.Write(manifests, "yaml")], output, output, new Dictionary<string, string>());
        return (exit, output.ToString());
    }

    /// <summary>The end of a line, in a comment of YAML with the next line's mark.</summary>
    [GeneratedRegex(@"\s+(# )?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Breaks();
}
