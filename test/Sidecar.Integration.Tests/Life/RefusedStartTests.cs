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
