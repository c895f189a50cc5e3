using Sidecar.Charts.Tests.Rig;
using Sidecar.Charts.Tests.Values;

namespace Sidecar.Charts.Tests.Cluster;

/// <summary>What kube-score finds in the example.</summary>
[TestFixture]
internal sealed class ScoreTests
{
    // Each is a choice: what it would cost stands beside it.
    private static readonly string[] Choices =
    [
        "container-security-context-user-group-id", // 1654 is the user of the image
        "container-image-pull-policy", // the tag is a version, and a node that has it need not reach the registry
    ];

    // With KEDA how many replicas there are is not the Deployment's to say, and kube-score does not know KEDA.
    [TestCase("")]
    [TestCase(LintTests.Full, "deployment-replicas")]
    public async Task The_example_has_nothing_critical_and_no_warning(string values, params string[] more)
    {
        Tool.KubeScore.Require();
        var charts = await OncePerRun.Charts;
        var manifests = charts.Write((await charts.RenderAsync(charts.Example, values)).Text, "yaml");
        var answer = await Tool.KubeScore.RunAsync([
            "score", manifests, "--output-format", "ci", "--exit-one-on-warning", "--kubernetes-version", "v1.34",
            "--ignore-container-cpu-limit", // a throttled agent makes deliveries time out
            .. Choices.Concat(more).SelectMany(test => new[] { "--ignore-test", test })]);
        var found = answer.Output.Split('\n').Where(line => line.StartsWith("[CRITICAL]", StringComparison.Ordinal)
            || line.StartsWith("[WARNING]", StringComparison.Ordinal));
        Assert.That(found, Is.Empty, answer.Output);
        Assert.That(answer.ExitCode, Is.Zero, answer.Errors);
        Assert.That(answer.Output, Does.Contain("[OK]"));
    }
}
