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

    [TestCase("fetch.max.byte", "Did you mean fetch.max.bytes? ")]
    [TestCase("compresion.codec", "Did you mean compression.codec? ")]
    [TestCase("group.idd", "")]
    [TestCase("dotnet.cancellation.delay.max.ms", "")]
    [TestCase("sasl.pasword", "")]
    [TestCase("", "")]
    public void A_property_that_librdkafka_does_not_know_is_refused_and_its_value_never_shown(string property, string question)
    {
        using var given = Given.ASubscription().Annotation($"sidecar.events/kafka.{property}", "hunter2");

        Assert.That(given.OneError(), Is.EqualTo(
            $"sidecar.events/kafka.{property}: librdkafka has no property of this name. {question}"
            + $"Mend or remove it; librdkafka's CONFIGURATION.md has them all. ({given.AnnotationsPath}:2)"));
    }

    [TestCase("fetch.min.bytes", "lots", "Invalid value for configuration property \"fetch.min.bytes\"")]
    [TestCase("fetch.min.bytes", "-1", "value -1 is outside allowed range 0..2147483647. Mend")]
    [TestCase("isolation.level", "read", "Invalid value \"read\" for configuration property \"isolation.level\"")]
    [TestCase("compression.type", "zip", "Invalid value \"zip\"")]
    [TestCase("ssl.truststore.location", "/trusted", "Java TrustStores are not supported")]
    public void A_value_that_librdkafka_does_not_take_is_refused_in_its_own_words(string property, string value, string said)
    {
        using var given = Given.ASubscription().Annotation($"sidecar.events/kafka.{property}", value);
        using var written = Given.ASubscription().File($"kafka: {{{property}: {value}}}");

        Assert.That(given.OneError(), Does.StartWith($"sidecar.events/kafka.{property} = \"{value}\": librdkafka does not take it: ")
            .And.Contain(said).And.EndsWith($"({given.AnnotationsPath}:2)"));
        Assert.That(written.OneError(), Does.StartWith($"kafka.{property} = \"{value}\"").And.Contain(said)
            .And.EndsWith($"({written.ConfigPath}:1:9)"));
    }

    [Test]
    public void What_librdkafka_repeats_of_a_value_stays_on_one_line()
    {
        using var given = Given.ASubscription().Annotation("sidecar.events/kafka.isolation.level", "a\n\u001b[2Jb");

        Assert.That(given.OneError(), Does.Contain("Invalid value \"a  [2Jb\" for").And.Not.Contains("\n").And.Not.Contains("\u001b"));
    }

    [TestCase("socket.keepalive.enable", "true")]
    [TestCase("topic.request.timeout.ms", "5000")]
    [TestCase("acks", "all")]
    [TestCase("receive.message.max.bytes", "1000")]
    public void A_property_is_judged_by_itself_and_not_by_how_it_goes_with_others(string property, string value)
    {
        using var given = Given.ASubscription().Annotation($"sidecar.events/kafka.{property}", value);

        Assert.That(given.Resolved().Options.Source.Properties[property], Is.EqualTo(value));
    }

    [Test]
    public void No_library_is_loaded_because_a_file_names_it()
    {
        using var given = Given.ASubscription().Annotation("sidecar.events/kafka.plugin.library.paths", "/nowhere/at-all");

        Assert.That(given.Load().Errors, Is.Empty, "an error would be that of the library that could not be loaded");
    }
}
