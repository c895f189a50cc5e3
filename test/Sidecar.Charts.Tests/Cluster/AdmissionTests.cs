using System.Text.Json.Nodes;
using Sidecar.Charts.Tests.Rig;
using Sidecar.Charts.Tests.Values;
using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Cluster;

/// <summary>A real API server admits what the charts make, in a namespace that enforces Pod Security <c>restricted</c>.</summary>
[TestFixture]
internal sealed class AdmissionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string space = $"charts-{Guid.NewGuid():N}"[..16];
    private ApiServer? server;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        Tool.Helm.Require();
        server = await ApiServer.StartAsync();
        await server.DoAsync("create", "namespace", space);
        await server.DoAsync("label", "namespace", space,
            "pod-security.kubernetes.io/enforce=restricted", "pod-security.kubernetes.io/warn=restricted");

        // The service account comes a moment after its namespace; no pod is admitted without.
        await Until.TrueAsync(
            async () => (await server.KubectlAsync("get", "serviceaccount", "default", "--namespace", space)).ExitCode == 0,
            Patience, "the service account of the namespace");
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (server is null) return;
        await server.KubectlAsync("delete", "namespace", space, "--wait=false");
        await server.DisposeAsync();
    }

    [Test]
    public async Task Everything_that_the_example_makes_is_admitted_without_a_warning()
    {
        var charts = await OncePerRun.Charts;
        await AdmittedAsync(await charts.RenderAsync(charts.Example, LintTests.Full));
    }

    [TestCase("native", "initContainers")]
    [TestCase("classic", "containers")]
    public async Task Pods_of_both_modes_are_admitted_with_and_without_a_user(string mode, string place)
    {
        var charts = await OncePerRun.Charts;
        var values = $"{{place: {place}, sidecars: {{mode: {mode}}}}}";
        await AdmittedAsync(await charts.RenderAsync(charts.All, Rig.Charts.Both, values));
        await AdmittedAsync(await charts.RenderAsync(charts.All, Rig.Charts.Both, values,
            "sidecars: {securityContext: {runAsUser: null, runAsGroup: null}}"));
    }

    [Test]
    public async Task A_sidecar_with_more_rights_is_refused_here_so_that_the_tests_above_mean_something()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both);
        made.Container("sidecar-agent")["securityContext"]!["allowPrivilegeEscalation"] = true;
        var refused = await ApplyAsync(Pod(made));
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(refused.Errors, Does.Contain("violates PodSecurity").And.Contain("sidecar-agent"));
    }

    private async Task AdmittedAsync(Manifests made)
    {
        foreach (var item in made.Objects.Append(Pod(made)))
        {
            var answer = await ApplyAsync(item);
            Assert.That(answer.ExitCode, Is.Zero, $"{item["kind"]}: {answer.Errors}");
            Assert.That(answer.Errors, Is.Empty, $"{item["kind"]}");
        }
    }

    /// <summary>A Deployment is admitted whatever its pods are; so one of them is shown as well.</summary>
    private static JsonObject Pod(Manifests made)
    {
        var pod = made.Pod.DeepClone().AsObject();
        pod["apiVersion"] = "v1";
        pod["kind"] = "Pod";
        pod["metadata"]!["name"] = "one";
        return pod;
    }

    private async Task<Answer> ApplyAsync(JsonNode item)
    {
        var charts = await OncePerRun.Charts;
        return await server!.KubectlAsync(
            "apply", "--namespace", space, "--dry-run=server", "--filename", charts.Write(item.ToJsonString(), "json"));
    }
}
