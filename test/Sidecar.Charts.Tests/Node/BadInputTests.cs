using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Node;

/// <summary>What is wrong is said where an operator looks first: in <c>kubectl describe pod</c>.</summary>
[TestFixture, Order(5)]
internal sealed class BadInputTests
{
    private Scene scene = null!;
    private Shop shop = null!;

    [OneTimeSetUp]
    public async Task FindAsync() => scene = await Scene.GetAsync();

    [SetUp]
    public async Task PrepareAsync()
    {
        shop = scene.Shop.In($"bad-{Guid.NewGuid():N}"[..12]);
        await shop.PrepareAsync();
    }

    [TearDown]
    public Task CleanAsync() => scene.Rig.KubectlAsync("delete", "namespace", shop.Space, "--wait=false");

    [Test]
    public async Task Annotations_of_the_Deployment_itself_are_the_agents_last_word()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.Example);
        var deployment = made.One("Deployment");
        var annotations = made.Pod["metadata"]!["annotations"]!.DeepClone();
        made.Pod["metadata"]!.AsObject().Remove("annotations");
        deployment["metadata"]!["annotations"] = annotations;
        await scene.Rig.DoAsync("apply", "--namespace", shop.Space, "--filename", charts.Write(deployment.ToJsonString(), "json"));
        await SaysAsync("annotations on the Deployment", "spec.template.metadata.annotations");
    }

    [Test]
    public async Task A_key_that_its_Secret_lacks_is_an_event_of_the_pod()
    {
        await scene.Rig.DoAsync("create", "secret", "generic", "half", "--namespace", shop.Space, "--from-literal=app=x");
        await shop.InstallAsync(1, "events.relay.postgres.existingSecret=half");
        await SaysAsync("missing key of a Secret", "references non-existent secret key: postgres");
    }

    [Test]
    public async Task A_port_that_is_taken_is_named()
    {
        // The relay's, which starts first. Behind the chart's back: the chart itself would refuse it.
        await shop.InstallAsync(1, "events.agent.extraEnv[0].name=SIDECAR_METRICS_PORT", "events.agent.extraEnv[0].value=14290");
        await SaysAsync("port taken by another container", "A port of the agent is taken by another program");
    }

    [Test]
    public async Task A_setting_of_a_wrong_type_is_named_with_its_fix()
    {
        await shop.InstallAsync(1, "events.agent.subscriptions.orders=orders.v1; concurrency=lots");
        await SaysAsync("concurrency=lots", "= \"lots\":");
    }

    private async Task SaysAsync(string step, string words)
    {
        var said = "";
        await Until.TrueAsync(
            async () => (said = await shop.DescribeAsync()).Contains(words, StringComparison.Ordinal), Shop.Patience,
            $"kubectl describe says \"{words}\"");
        var line = said.Split('\n').First(one => one.Contains(words, StringComparison.Ordinal));
        Report.Note(step, $"`kubectl describe pod`: {line.Trim()}");
    }
}
