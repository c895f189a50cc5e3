using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Tests.Subscriptions;

/// <summary>What is wrong with a setting of the process, in the operator's words.</summary>
public sealed class ProcessErrorTests
{
    [TestCase("service", "Orders", "not a name as Kubernetes has them", "Use lower-case letters")]
    [TestCase("group", "my group", "not a name for a group", "Use up to 249")]
    [TestCase("bootstrap-servers", "kafka", "\"kafka\" is not host:port", "such as kafka-0:9092")]
    [TestCase("bootstrap-servers", "kafka:9092,", "an address is empty", "such as kafka-0:9092")]
    [TestCase("metrics-port", "65536", "out of range, which is 0 to 65535", "from 0 to 65535")]
    [TestCase("log-level", "warn", "not one of its words", "Did you mean warning? Use one of: verbose | debug")]
    [TestCase("revoke-timeout", "2m", "out of range, which is 0s to 1m", "from 0s to 1m")]
    [TestCase("drain-timeout", "never", "not a duration", "such as 500ms")]
    [TestCase("max-buffer", "1k", "out of range, which is 1Mi to 4Gi", "from 1Mi to 4Gi")]
    public void A_wrong_value_of_the_process_is_named_by_its_variable_and_its_flag(
        string field, string value, string problem, string fix)
    {
        var variable = EnvironmentVariables.NameOf(field);
        using var given = Given.ASubscription().Variable(variable, value);
        using var flagged = Given.ASubscription().Flag(field, value);

        var error = given.OneError();

        Assert.That(error, Does.StartWith($"{variable} = \"{value}\": "));
        Assert.That(error, Does.Contain(problem));
        Assert.That(error, Does.Contain(fix));
        Assert.That(flagged.OneError(), Is.EqualTo($"--{field}" + error[variable.Length..]));
    }

    [TestCase("SASL_SSL", "", "/s", "kafka-sasl-mechanism = \"\": not set", "Give one of: PLAIN | SCRAM-SHA-256 | SCRAM-SHA-512")]
    [TestCase("SASL_SSL", "PLAIN", "", "kafka-credentials = \"\": not set", "with the files username and password")]
    [TestCase("SSL", "PLAIN", "", "SIDECAR_KAFKA_SASL_MECHANISM = \"PLAIN\"", "Set kafka-security-protocol to SASL_SSL")]
    [TestCase("PLAINTEXT", "", "/s", "SIDECAR_KAFKA_CREDENTIALS = \"/s\"", "Set kafka-security-protocol to SASL_SSL")]
    public void Settings_of_security_that_do_not_go_together_are_refused(
        string protocol, string mechanism, string directory, string wrong, string fix)
    {
        using var given = Given.ASubscription().Variable("SIDECAR_KAFKA_SECURITY_PROTOCOL", protocol)
            .Variable("SIDECAR_KAFKA_SASL_MECHANISM", mechanism).Variable("SIDECAR_KAFKA_CREDENTIALS", directory);

        Assert.That(given.OneError(), Does.StartWith(wrong).And.Contain(fix));
    }

    [TestCase("sasl.password", "secrets come from mounted files")]
    [TestCase("ssl.key.password", "secrets come from mounted files")]
    [TestCase("ssl.key.pem", "secrets come from mounted files")]
    [TestCase("sasl.oauthbearer.client.secret", "secrets come from mounted files")]
    [TestCase("sasl.jaas.config", "secrets come from mounted files")]
    [TestCase("my.pAssword", "secrets come from mounted files")]
    public void A_secret_is_refused_and_never_shown(string property, string problem)
    {
        using var given = Given.ASubscription().File($"kafka:\n  {property}: hunter2\n");

        var error = given.OneError();

        Assert.That(error, Does.StartWith($"kafka.{property} = \"***\": {problem}"));
        Assert.That(error, Does.Contain("Remove it"));
        Assert.That(error, Does.Not.Contain("hunter2"));
    }

    [TestCase("group.id", "Use group")]
    [TestCase("bootstrap.servers", "Use bootstrap-servers")]
    [TestCase("metadata.broker.list", "Use bootstrap-servers")]
    [TestCase("security.protocol", "Use kafka-security-protocol")]
    [TestCase("sasl.mechanism", "Use kafka-sasl-mechanism")]
    [TestCase("sasl.username", "Put it into kafka-credentials as username")]
    [TestCase("ssl.ca.location", "Put it into kafka-credentials as ca.crt")]
    [TestCase("ssl.certificate.location", "Put it into kafka-credentials as tls.crt")]
    [TestCase("ssl.key.location", "Put it into kafka-credentials as tls.key")]
    [TestCase("enable.auto.commit", "Remove it")]
    [TestCase("auto.offset.reset", "Use start, per subscription")]
    [TestCase("rebalance_cb", "Remove it")]
    public void A_property_that_is_the_agent_s_own_is_refused(string property, string fix)
    {
        using var given = Given.ASubscription().File($"kafka: {{{property}: x}}");

        Assert.That(given.OneError(), Does.StartWith(
            $"kafka.{property} = \"x\": the agent sets this property itself. {fix}. ({given.ConfigPath}:1:9)"));
    }
}
