using Sidecar.Charts.Tests.Rig;

namespace Sidecar.Charts.Tests.Values;

/// <summary>The example is there to be copied: what its values can ask for, its templates have to follow.</summary>
[TestFixture]
internal sealed class ExampleTests
{
    [TestCase("native", "initContainers")]
    [TestCase("classic", "containers")]
    public async Task The_sidecars_stand_where_the_mode_says(string mode, string place)
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.Example, $"events: {{mode: {mode}}}");
        foreach (var name in (string[])["sidecar-agent", "sidecar-relay"])
        {
            Assert.That(Manifests.Named(made.Pod["spec"]![place], name), Is.Not.Null, name);
        }

        Assert.That(Manifests.Named(made.Pod["spec"]!["containers"], "orders"), Is.Not.Null);
        Assert.That(made.Pod["spec"]!.AsObject().ContainsKey("initContainers"), Is.EqualTo(mode == "native"));
    }

    [Test]
    public async Task An_upgrade_does_not_take_back_what_KEDA_has_scaled()
    {
        var charts = await OncePerRun.Charts;
        var scaled = await charts.RenderAsync(charts.Example, "events: {autoscaling: {enabled: true}}");
        Assert.That(scaled.One("Deployment")["spec"]!["replicas"], Is.Null);
        var plain = await charts.RenderAsync(charts.Example);
        Assert.That(plain.One("Deployment")["spec"]!["replicas"]!.GetValue<long>(), Is.EqualTo(2));
    }
}
