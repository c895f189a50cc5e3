using System.Collections;
using System.Text.Json;
using Sidecar.Agent.Commands;
using Sidecar.Agent.Subscriptions;
using Sidecar.Agent.Tests.Subscriptions;

namespace Sidecar.Agent.Tests.Commands;

public sealed class CommandLineTests
{
    private static readonly string[] Complete = ["--group", "mine", "--bootstrap-servers", "kafka:9092"];

    [Test]
    public async Task Config_prints_every_setting_with_its_origin()
    {
        using var given = Given.ASubscription("orders.v1; attempts=3");
        given.Load();

        var (code, output, error) = await Run(
            ["config", "--annotations", given.AnnotationsPath, .. Complete], ("SIDECAR_METRICS_PORT", "0"));

        Assert.That(code, Is.Zero);
        Assert.That(error, Is.Empty);
        var lines = output.Split('\n')
            .Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.That(lines, Does.Contain("SETTING VALUE FROM"));
        Assert.That(lines, Does.Contain("group mine flag --group"));
        Assert.That(lines, Does.Contain("metrics-port 0 variable SIDECAR_METRICS_PORT"));
        Assert.That(lines, Does.Contain("subscription.orders.deadline 30s default"));
        Assert.That(lines, Does.Contain(
            "subscription.orders.attempts 3 annotation sidecar.events/subscription.orders "
            + $"({given.AnnotationsPath}:1)"));
        foreach (var field in ProcessFields.All.Where(field => field.IsSupported))
        {
            Assert.That(output, Does.Contain($"\n{field.Name} "));
        }
    }

    [Test]
    public async Task Config_prints_JSON()
    {
        using var given = Given.ASubscription();
        given.Load();

        var (code, output, _) = await Run(
            ["config", "--output", "json", "--annotations", given.AnnotationsPath, .. Complete],
            ("SIDECAR_GRUOP", "x"));

        Assert.That(code, Is.Zero);
        using var document = JsonDocument.Parse(output);
        var settings = document.RootElement.GetProperty("settings").EnumerateArray()
            .ToDictionary(entry => entry.GetProperty("setting").GetString()!);
        Assert.That(settings["group"].GetProperty("from").GetString(), Is.EqualTo("flag"));
        Assert.That(settings["group"].GetProperty("key").GetString(), Is.EqualTo("--group"));
        Assert.That(settings["log-level"].TryGetProperty("key", out _), Is.False);
        Assert.That(settings["subscription.orders.topics"].GetProperty("key").GetString(),
            Is.EqualTo("topics in sidecar.events/subscription.orders"));
        Assert.That(document.RootElement.GetProperty("warnings").GetArrayLength(), Is.EqualTo(1));
    }

    [TestCase("run")]
    [TestCase("config")]
    [TestCase("")]
    public async Task Errors_are_the_last_lines_of_standard_error_under_one_that_counts_them(string command)
    {
        string[] args = command.Length == 0 ? ["--metrics-port", "x"] : [command, "--metrics-port", "x"];

        var (code, output, error) = await Run(args, ("SIDECAR_GRUOP", "x"));

        Assert.That(code, Is.EqualTo(2));
        Assert.That(output, Is.Empty);
        var lines = error.TrimEnd().Split('\n');
        Assert.That(lines[0], Does.StartWith("agent: warning: The variable SIDECAR_GRUOP"));
        Assert.That(lines[1], Is.EqualTo("agent: 5 errors in the configuration, nothing was started:"));
        Assert.That(lines, Has.Length.EqualTo(7));
        Assert.That(lines[2..], Has.All.StartsWith("  "));
    }

    [TestCase("'runn'", "Did you mean run?", "runn")]
    [TestCase("'--gruop'", "Did you mean --group?", "--gruop")]
    [TestCase("'--group'", "expects a single argument", "--group", "a", "--group", "b")]
    [TestCase("'xml'", "'table' 'json'", "config", "--output", "xml")]
    public async Task A_wrong_command_line_is_an_error_of_usage(string what, string fix, params string[] args)
    {
        var (code, output, error) = await Run(args);

        Assert.That(code, Is.EqualTo(2));
        Assert.That(output, Is.Empty);
        Assert.That(
            error, Does.StartWith("agent: 1 error in the command line (see agent --help), nothing was started:\n"));
        Assert.That(error, Does.Contain(what).And.Contain(fix));
    }

    // No broker answers there: a command that asks Kafka before it looks at what was written fails, with 1.
    [TestCase("not a time", "dlq", "list", "--since", "nonsense")]
    [TestCase("--limit", "dlq", "list", "--limit", "0")]
    [TestCase("'rejectd'", "dlq", "list", "--outcome", "rejectd")]
    [TestCase("there is no subscription \"tset\"", "dlq", "list", "-s", "tset")]
    [TestCase("\"nonsense\" is no place", "dlq", "show", "nonsense")]
    [TestCase("say what is to be deleted", "dlq", "purge")]
    [TestCase("say what is to be deleted", "dlq", "purge", "--before", "nonsense")]
    [TestCase("there is no subscription \"tset\"", "dlq", "replay", "-s", "tset")]
    [TestCase("no subscription reads the topic \"payments.v1\"", "offsets", "skip", "payments.v1", "0", "1")]
    [TestCase("an offset is a number", "offsets", "skip", "orders.v1", "0", "-1")]
    [TestCase("a partition is a number", "offsets", "skip", "orders.v1", "-1", "0")]
    [TestCase("--to \"nonsense\": write earliest", "offsets", "reset", "orders.v1", "0", "--to", "nonsense")]
    public async Task What_is_written_wrongly_behind_a_command_is_an_error_of_usage_and_Kafka_is_not_asked(
        string says, params string[] args)
    {
        using var given = Given.ASubscription();
        given.Load();

        var (code, output, error) = await Run(
            [.. args, "--annotations", given.AnnotationsPath, "--group", "mine", "--bootstrap-servers", "127.0.0.1:1"]);

        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.StartWith("agent: ").And.Contain(says));
    }

    [TestCase("dlq", "list")]
    [TestCase("dlq", "show", "0/17")]
    [TestCase("dlq", "replay")]
    [TestCase("dlq", "purge", "--all")]
    [TestCase("offsets", "show")]
    [TestCase("offsets", "skip", "orders.v1", "0", "1")]
    [TestCase("offsets", "reset", "orders.v1", "0", "--to", "2h")]
    public async Task A_property_that_the_Kafka_client_refuses_is_an_error_of_the_configuration(params string[] args)
    {
        using var given = Given.ASubscription("orders.v1; retries=1m").File("kafka:\n  receive.message.max.bytes: '1000'\n");
        given.Load();

        var (code, output, error) = await Run(
        [
            .. args, "--annotations", given.AnnotationsPath, "--config", given.ConfigPath, "--group", "mine", "--bootstrap-servers",
            "127.0.0.1:1",
        ]);

        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(output, Is.Empty);
        var lines = error.TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(2), error);
        Assert.That(lines[0], Is.EqualTo("agent: 1 error in the configuration, nothing was started:"));
        Assert.That(lines[1], Does.StartWith("  kafka: ").And.EndsWith(
            $"Mend or remove kafka.receive.message.max.bytes ({given.ConfigPath}:2:3)"));
    }

    [TestCase("status")]
    [TestCase("pause", "orders", "--reason", "a test")]
    [TestCase("resume", "orders")]
    public async Task A_wrong_admin_port_is_wrong_usage(params string[] args)
    {
        var (code, output, error) = await Run([.. args, "--admin-port", "nonsense"]);

        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.StartWith("agent: 1 error in the command line").And.Contain("--admin-port = \"nonsense\""));
    }

    [TestCase("--admin-port", "nonsense")]
    [TestCase("--admin-port", "99999")]
    [TestCase("--drain-timeout", "soon")]
    public async Task A_drain_whose_own_flag_is_wrong_does_not_ask_another_port_instead(string flag, string value)
    {
        var (code, _, error) = await Run(["drain", flag, value]);

        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(error, Does.StartWith("agent: 1 error in the command line").And.Contain($"{flag} = \"{value}\""));
    }

    [Test]
    public async Task Explain_knows_every_field()
    {
        var (_, all, _) = await Run(["explain"]);
        foreach (var name in ProcessFields.All.Select(field => field.Name)
            .Concat(SubscriptionFields.All.Select(field => field.Name)).Distinct())
        {
            var (code, output, _) = await Run(["explain", name]);
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.StartWith(name + "\n"));
            Assert.That(all, Does.Contain($"  {name} "));
        }
    }

    [Test]
    public async Task Explain_suggests_the_field_that_was_meant()
    {
        var (code, output, error) = await Run(["explain", "bakoff"]);

        Assert.That(code, Is.EqualTo(2));
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.Contain("there is no field \"bakoff\". Did you mean backoff?"));
    }

    [Test]
    public async Task Help_shows_examples_and_the_version_names_the_Kafka_library()
    {
        var (helpCode, help, _) = await Run(["--help"]);
        var (versionCode, version, _) = await Run(["--version"]);

        Assert.That((helpCode, versionCode), Is.EqualTo((0, 0)));
        Assert.That(
            help, Does.Contain("agent run --annotations /etc/podinfo/annotations").And.Contain("--drain-timeout"));
        Assert.That(version, Does.Match(@"^agent \d+\.\d+\.\d+\S* \(\.NET 10\S*, librdkafka \d+\.\d+\.\d+\S*\)\n$"));
    }

    private static async Task<(int Code, string Output, string Error)> Run(
        string[] args, params (string Name, string Value)[] variables)
    {
        var environment = new Hashtable();
        foreach (var (name, value) in variables)
        {
            environment[name] = value;
        }

        await using var output = new StringWriter { NewLine = "\n" };
        await using var error = new StringWriter { NewLine = "\n" };
        var code = await CommandLine.InvokeAsync(args, output, error, environment);
        return (code, output.ToString(), error.ToString());
    }
}
