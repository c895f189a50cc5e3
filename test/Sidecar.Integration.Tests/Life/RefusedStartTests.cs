using System.Net;
using System.Net.Sockets;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Life;

/// <summary>A start that cannot be: the reason stands where an operator looks first.</summary>
internal sealed class RefusedStartTests
{
    private static readonly TimeSpan Patience = RunningAgent.Patience;
    private static readonly string[] Complete = ["run", "--group", "g", "--bootstrap-servers", "127.0.0.1:1"];

    private string folder = "";

    [SetUp]
    public void SetUp() => folder = Directory.CreateTempSubdirectory("sidecar-refused-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(folder, recursive: true);

    [Test]
    public async Task A_wrong_configuration_stands_in_the_termination_message()
    {
        var reason = Path.Combine(folder, "termination-log");
        await File.WriteAllTextAsync(reason, "");
        await using var agent = ProgramProcess.Start(
            Programs.Agent, [.. Complete, "--drain-timeout", "soon", "--termination-log", reason]);

        Assert.That(await agent.WaitForExitAsync(Patience), Is.EqualTo(2));
        Assert.That(await File.ReadAllTextAsync(reason), Does.Contain("drain-timeout").And.Contain("= \"soon\""));
    }

    [Test]
    public async Task A_termination_message_is_not_made_where_Kubernetes_has_not_made_it()
    {
        var reason = Path.Combine(folder, "nobody-reads-this");
        await using var agent = ProgramProcess.Start(Programs.Agent, [.. Complete, "--termination-log", reason]);

        Assert.That(await agent.WaitForExitAsync(Patience), Is.EqualTo(2));
        Assert.That(File.Exists(reason), Is.False);
    }

    [Test]
    public async Task A_property_that_only_the_client_as_a_whole_refuses_is_named_with_its_place()
    {
        var reason = Path.Combine(folder, "termination-log");
        await File.WriteAllTextAsync(reason, "");
        var annotations = Path.Combine(folder, "annotations");
        await File.WriteAllTextAsync(
            annotations, "sidecar.events/subscription.a=\"a.v1\"\nsidecar.events/kafka.receive.message.max.bytes=\"1000\"\n");
        await using var agent = ProgramProcess.Start(
            Programs.Agent, [.. Complete, "--annotations", annotations, "--termination-log", reason]);

        Assert.That(await agent.WaitForExitAsync(Patience), Is.EqualTo(2), agent.Output);
        var guilty = $"Mend or remove sidecar.events/kafka.receive.message.max.bytes ({annotations}:2)";
        Assert.That(agent.Output, Does.Contain("kafka: `receive.message.max.bytes` must be ").And.Contain(guilty));
        Assert.That(await File.ReadAllTextAsync(reason), Does.Contain(guilty));
    }

    [Test]
    public async Task A_key_that_the_Secret_does_not_have_ends_both_programs_with_its_name_and_the_fix()
    {
        var reason = Path.Combine(folder, "termination-log");
        await File.WriteAllTextAsync(reason, "");
        await File.WriteAllTextAsync(Path.Combine(folder, "username"), "app");
        string[] security =
        [
            "--kafka-security-protocol", "SASL_PLAINTEXT", "--kafka-sasl-mechanism", "PLAIN", "--kafka-credentials", folder,
        ];
        var annotations = Path.Combine(folder, "annotations");
        await File.WriteAllTextAsync(annotations, "sidecar.events/subscription.a=\"a.v1\"\n");
        await using var agent = ProgramProcess.Start(
            Programs.Agent, [.. Complete, "--annotations", annotations, "--termination-log", reason, .. security]);
        await using var dlq = ProgramProcess.Start(
            Programs.Agent,
            ["dlq", "list", "--group", "g", "--bootstrap-servers", "127.0.0.1:1", "--annotations", annotations, .. security]);
        await using var relay = ProgramProcess.Start(
            Programs.OutboxRelay, ["run", "--sqlite", "x.db", "--bootstrap-servers", "127.0.0.1:1", .. security]);

        var missing = $"kafka-credentials: {folder}/password does not exist. "
            + "Mount the Secret there, with a key that becomes the file password";
        foreach (var program in (ProgramProcess[])[agent, dlq, relay])
        {
            Assert.That(await program.WaitForExitAsync(Patience), Is.EqualTo(2), program.Output);
            Assert.That(program.Output, Does.Contain(missing));
        }

        Assert.That(await File.ReadAllTextAsync(reason), Does.Contain(missing));
    }

    [Test]
    public async Task A_port_of_the_relay_that_is_taken_is_named_with_the_setting_that_moves_it()
    {
        using var application = new TcpListener(IPAddress.Loopback, 0);
        application.Server.ExclusiveAddressUse = true;
        application.Start();
        var port = ((IPEndPoint)application.LocalEndpoint).Port;
        await using var relay = ProgramProcess.Start(
            Programs.OutboxRelay, ["run", "--sqlite", "x.db", "--bootstrap-servers", "127.0.0.1:1", "--metrics-port", $"{port}"]);

        Assert.That(await relay.WaitForExitAsync(Patience), Is.EqualTo(1), relay.Output);
        Assert.That(relay.Output, Does.Contain($"{port}").And.Contain("--metrics-port"));
    }

    [TestCase("metrics-port", "SIDECAR_METRICS_PORT")]
    [TestCase("admin-port", "SIDECAR_ADMIN_PORT")]
    public async Task A_port_that_the_application_has_taken_is_named_with_the_setting_that_moves_it(string field, string variable)
    {
        using var application = new TcpListener(IPAddress.Loopback, 0);
        application.Server.ExclusiveAddressUse = true;
        application.Start();
        var port = ((IPEndPoint)application.LocalEndpoint).Port;
        var reason = Path.Combine(folder, "termination-log");
        await File.WriteAllTextAsync(reason, "");
        var annotations = Path.Combine(folder, "annotations");
        await File.WriteAllTextAsync(annotations, "sidecar.events/subscription.a=\"a.v1\"\n");
        var other = field == "admin-port" ? "--metrics-port" : "--admin-port";
        await using var agent = ProgramProcess.Start(Programs.Agent,
        [
            .. Complete, "--annotations", annotations, $"--{field}", $"{port}", other, "0", "--termination-log", reason,
        ]);

        Assert.That(await agent.WaitForExitAsync(Patience), Is.EqualTo(1), agent.Output);
        Assert.That(agent.Output, Does.Contain($"{port}").And.Contain("taken by another program").And.Contain(variable));
        Assert.That(await File.ReadAllTextAsync(reason), Does.Contain(variable));
    }
}
