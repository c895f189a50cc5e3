using System.Text.Json.Nodes;
using Sidecar.Charts.Tests.Rig;

namespace Sidecar.Charts.Tests.Monitoring;

/// <summary>PodMonitor, ScaledObject and NetworkPolicy say what the pods are.</summary>
[TestFixture]
internal sealed class ObjectTests
{
    [Test]
    public async Task The_pod_monitor_names_ports_that_the_pods_have()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(
            charts.All, Rig.Charts.Both, "sidecars: {metrics: {podMonitor: {enabled: true, labels: {release: stack}}}}");
        var monitor = made.One("PodMonitor");
        foreach (var endpoint in monitor["spec"]!["podMetricsEndpoints"]!.AsArray())
        {
            var port = endpoint!["port"]!.GetValue<string>();
            Assert.That(Manifests.Named(made.Container(port)["ports"], port), Is.Not.Null);
        }

        Assert.That(monitor["spec"]!["podMetricsEndpoints"]!.AsArray(), Has.Count.EqualTo(2));
        Assert.That(monitor["metadata"]!["labels"]!["release"]!.GetValue<string>(), Is.EqualTo("stack"));
        Selects(made, monitor["spec"]!["selector"]!["matchLabels"]!);
    }

    [Test]
    public async Task The_scaled_object_has_a_trigger_for_every_topic_of_the_agents_group()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both, """
            sidecars:
              autoscaling: {enabled: true, lagThreshold: 5000000}
              agent:
                subscriptions:
                  map: {topics: [a.v1, b.v1]}
                  text: {topics: "c.v1, d.v1"}
                  compact: "e.v1,f.v1; attempts=3"
                  block: "{topics: [g.v1]}"
                  named: "topics=h.v1; attempts=3"
                  last: 'attempts=3; filter="type=x;topics=no.v1"; topics="i.v1, j.v1"'
            """);
        var triggers = made.One("ScaledObject")["spec"]!["triggers"]!.AsArray().Select(trigger => trigger!["metadata"]!).ToList();
        Assert.That(triggers.Select(trigger => trigger["topic"]!.GetValue<string>()),
            Is.EquivalentTo(new[] { "orders.v1", "a.v1", "b.v1", "c.v1", "d.v1", "e.v1", "f.v1", "g.v1", "h.v1", "i.v1", "j.v1" }));
        Assert.That(triggers.Select(trigger => trigger["consumerGroup"]!.GetValue<string>()), Has.All.EqualTo("shop.demo-all"));
        Assert.That(triggers.Select(trigger => trigger["lagThreshold"]!.GetValue<string>()), Has.All.EqualTo("5000000"));
    }

    [Test]
    public async Task Names_that_look_like_numbers_stay_names()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(
            charts.All, Rig.Charts.Both, "sidecars: {autoscaling: {enabled: true, targetName: \"1\", authenticationRef: \"2\"}}");
        var spec = made.One("ScaledObject")["spec"]!;
        Assert.That(spec["scaleTargetRef"]!["name"]!.GetValue<string>(), Is.EqualTo("1"));
        Assert.That(spec["triggers"]![0]!["authenticationRef"]!["name"]!.GetValue<string>(), Is.EqualTo("2"));
    }

    [Test]
    public async Task The_network_policy_lets_the_sidecars_work_and_the_application_be_reached()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both, """
            sidecars:
              networkPolicy:
                enabled: true
                ingress: [{ports: [{port: 8080}]}]
                egress: [{ports: [{port: 443}]}]
            """);
        var spec = made.One("NetworkPolicy")["spec"]!;
        Assert.That(Ports(spec["ingress"]!), Is.EqualTo(new[] { 14190, 14290, 8080 }));
        Assert.That(Ports(spec["egress"]!), Is.EqualTo(new[] { 53, 53, 9092, 9093, 5432, 443 }));
        Selects(made, spec["podSelector"]!["matchLabels"]!);
    }

    private static IEnumerable<long> Ports(JsonNode rules) =>
        rules.AsArray().SelectMany(rule => rule!["ports"]!.AsArray()).Select(port => port!["port"]!.GetValue<long>());

    private static void Selects(Manifests made, JsonNode selector)
    {
        var labels = made.Pod["metadata"]!["labels"]!.AsObject().ToDictionary(pair => pair.Key, pair => pair.Value!.GetValue<string>());
        var wanted = selector.AsObject().ToDictionary(pair => pair.Key, pair => pair.Value!.GetValue<string>());
        Assert.That(wanted, Is.Not.Empty);
        Assert.That(wanted, Is.SubsetOf(labels));
    }
}
