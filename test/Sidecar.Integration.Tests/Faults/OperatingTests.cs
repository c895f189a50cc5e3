using System.Net;
using System.Text;
using System.Text.Json;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>What a person sees of a running agent, and does with it, by the program's own commands.</summary>
internal sealed class OperatingTests
{
    private const int Partitions = 4;
    private const int Events = 200;
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task A_paused_subscription_delivers_nothing_says_who_and_why_and_goes_on_when_it_is_resumed()
    {
        var (kafka, topic, inbox, records) = await BeginAsync("paused");
        await using var ownedInbox = inbox;
        using var ownedRecords = records;
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox);
        await inbox.HasAsync(Events, Patience);

        Assert.That(await SayAsync(agent, "pause", "test", "--reason", "INC-7", "--who", "ann"), Does.Contain("test is paused"));
        records.Add(Events, inbox.Ledger);
        await agent.MetricIsAsync(Events, "sidecar_buffered_records");
        await agent.MetricIsAsync(1, "sidecar_paused");
        await agent.MetricIsAsync(Partitions, "sidecar_partition_standing", "reason=\"paused\"");
        Assert.That(await agent.ReadyAsync(), Does.Contain("paused:test: paused by ann since").And.Contain("INC-7"));
        Assert.That(inbox.Seen, Has.Count.EqualTo(Events));
        var table = await SayAsync(agent, "status");
        Assert.That(table, Does.Contain($"{topic}/3").And.Contain("WHY IT STANDS").And.Contain("paused by ann").And.Contain("INC-7"));
        using var json = JsonDocument.Parse(await SayAsync(agent, "status", "--output", "json"));
        var shown = json.RootElement.GetProperty("subscriptions")[0];
        Assert.That(shown.GetProperty("partitions").EnumerateArray().Sum(one => one.GetProperty("lag").GetInt64()), Is.EqualTo(Events));
        Assert.That(shown.GetProperty("pauses")[0].GetProperty("who").GetString(), Is.EqualTo("ann"));

        await SayAsync(agent, "resume", "test");
        await inbox.HasAsync(2 * Events, Patience);
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    [Test]
    public async Task A_setting_pauses_and_a_command_does_not_lift_it()
    {
        var (kafka, topic, inbox, records) = await BeginAsync("set-paused");
        await using var ownedInbox = inbox;
        using var ownedRecords = records;
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; paused=refunds twice");
        await agent.MetricIsAsync(Events, "sidecar_buffered_records");
        Assert.That(await agent.ReadyAsync(), Does.Contain("paused:test: paused by setting").And.Contain("refunds twice"));
        Assert.That(await FailAsync(agent, "resume", "test"), Does.Contain("still paused by its setting"));
        Assert.That(await FailAsync(agent, "pause", "tset", "--reason", "x"), Does.Contain("There are: test"));
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.That(inbox.Seen, Is.Empty);
    }

    [Test]
    public async Task The_port_for_people_is_loopback_alone_and_takes_no_page_in_a_browser_for_one()
    {
        var (kafka, topic, inbox, records) = await BeginAsync("admin");
        await using var ownedInbox = inbox;
        using var ownedRecords = records;
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{agent.AdminPort}") };
        using var form = new StringContent("""{"subscription":"test","who":"x","reason":"y"}""", Encoding.UTF8, "text/plain");
        using var refused = await client.PostAsync(new Uri("/pause", UriKind.Relative), form);
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        using var unknown = await client.GetAsync(new Uri("/metrics", UriKind.Relative));
        Assert.That(unknown.StatusCode, Is.EqualTo(HttpStatusCode.NotFound), "it shows what it is for, and no more");
        Assert.That(await agent.MetricAsync("sidecar_paused"), Is.Zero);
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.That(await FailAsync(agent, "status"), Does.Contain($"no agent answers at 127.0.0.1:{agent.AdminPort}"));
    }

    [Test]
    public async Task The_commands_ask_the_agent_of_this_pod_whatever_proxy_its_variables_name()
    {
        var nowhere = $"127.0.0.1:{Ports.Free()}";
        var proxied = new Dictionary<string, string?>
        {
            ["HTTP_PROXY"] = $"http://{nowhere}", ["ALL_PROXY"] = $"http://{nowhere}", ["NO_PROXY"] = null, ["no_proxy"] = null,
        };
        await using var agent = await RunningAgent.StartAsync(new AgentSetup(nowhere, "absent", nowhere));
        string[][] commands = [["status"], ["pause", "test", "--reason", "x"], ["resume", "test"], ["drain"]];
        foreach (var command in commands)
        {
            await using var process = ProgramProcess.Start(Programs.Agent, [.. command, "--admin-port", $"{agent.AdminPort}"], proxied);
            Assert.That(await process.WaitForExitAsync(Patience), Is.Zero, $"{command[0]}: {process.Output}");
        }

        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    private static async Task<(KafkaServer, string, Inbox, Records)> BeginAsync(string name)
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic(name);
        await kafka.CreateTopicAsync(topic, Partitions);
        var inbox = await Inbox.StartAsync();
        var records = new Records(kafka, topic);
        records.Add(Events, inbox.Ledger);
        return (kafka, topic, inbox, records);
    }

    private static async Task<string> SayAsync(RunningAgent agent, params string[] line)
    {
        var (exit, output) = await CommandAsync(agent, line);
        Assert.That(exit, Is.Zero, output);
        return output;
    }

    private static async Task<string> FailAsync(RunningAgent agent, params string[] line)
    {
        var (exit, output) = await CommandAsync(agent, line);
        Assert.That(exit, Is.EqualTo(1), output);
        return output;
    }

    private static async Task<(int Exit, string Output)> CommandAsync(RunningAgent agent, string[] line)
    {
        await using var process = ProgramProcess.Start(
            Programs.Agent, [.. line, "--admin-port", $"{agent.AdminPort}"],
            new Dictionary<string, string?> { ["SIDECAR_PUBLISHED"] = null, ["SIDECAR_FULL"] = null });
        var exit = await process.WaitForExitAsync(Patience);
        return (exit, process.Output);
    }
}
