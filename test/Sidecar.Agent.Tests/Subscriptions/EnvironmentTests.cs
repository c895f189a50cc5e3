namespace Sidecar.Agent.Tests.Subscriptions;

public sealed class EnvironmentTests
{
    [TestCase("SIDECAR_SERVICE_HOST", "10.0.0.1")]
    [TestCase("SIDECAR_SERVICE_PORT", "80")]
    [TestCase("SIDECAR_SERVICE_PORT_HTTP", "80")]
    [TestCase("SIDECAR_PORT", "tcp://10.0.0.1:80")]
    [TestCase("SIDECAR_PORT_80_TCP", "tcp://10.0.0.1:80")]
    [TestCase("SIDECAR_PORT_80_TCP_PROTO", "tcp")]
    [TestCase("SIDECAR_PORT_80_TCP_ADDR", "10.0.0.1")]
    [TestCase("SIDECAR_AGENT_SERVICE_HOST", "10.0.0.1")]
    [TestCase("SIDECAR_METRICS_PORT", "tcp://10.0.0.1:80")]
    [TestCase("SIDECAR_METRICS_PORT_80_TCP_PORT", "80")]
    [TestCase("OTHER", "x")]
    [TestCase("SIDECAR_GROPU", "")]
    public void Variables_that_Kubernetes_sets_for_a_service_called_sidecar_are_passed_over(string name, string value)
    {
        using var given = Given.ASubscription().Variable(name, value);

        Assert.That(given.Resolved().Options.Warnings, Is.Empty);
    }

    [TestCase("SIDECAR_GROPU", " Did you mean SIDECAR_GROUP?")]
    [TestCase("SIDECAR_METRIC_PORT", " Did you mean SIDECAR_METRICS_PORT?")]
    [TestCase("SIDECAR_ZZZZZZZZ", "")]
    public void A_variable_that_nobody_knows_is_a_warning(string name, string question)
    {
        using var given = Given.ASubscription().Variable(name, "1");

        Assert.That(given.Resolved().Options.Warnings, Is.EqualTo(
            new[] { $"The variable {name} is not one of the agent's and has no effect.{question}" }));
    }

    [Test]
    public void Both_files_can_be_named_by_variables()
    {
        using var annotated = Given.ASubscription().File("subscriptions: {pay: pay.v1}");
        annotated.Load();
        using var given = Given.AService().Variable("SIDECAR_ANNOTATIONS", annotated.AnnotationsPath)
            .Variable("SIDECAR_CONFIG", annotated.ConfigPath);

        Assert.That(given.Resolved().Options.Subscriptions, Has.Count.EqualTo(2));
    }

    [Test]
    public void An_annotation_whose_prefix_is_nearly_ours_is_a_warning()
    {
        using var given = Given.ASubscription().Annotation("sidecar.event/subscription.pay", "pay.v1");

        Assert.That(given.Resolved().Options.Warnings, Is.EqualTo(new[]
        {
            "The annotation sidecar.event/subscription.pay has no effect. Did you mean the prefix sidecar.events/?",
        }));
    }
}
