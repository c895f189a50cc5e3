using System.Net;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Life;

/// <summary><c>agent drain</c>, as a preStop hook calls it: another process of the same program, in the same pod.</summary>
internal sealed class DrainCommandTests
{
    private const int Partitions = 4;
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task A_drained_agent_has_finished_committed_and_left_and_lives_until_it_is_told_to_end()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("drained");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic);
        records.Add(200, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox);
        await inbox.HasAsync(records.Produced, Patience);

        await using (var first = Drain(agent))
        {
            Assert.That(await first.WaitForExitAsync(Patience), Is.Zero, first.Output);
            Assert.That(first.Output, Does.Contain("drained: the group is left"));
        }

        Assert.That(agent.Process.HasExited, Is.False);
        Assert.That(await agent.ReadyAsync(), Does.StartWith("ready; drained: "));
        Assert.That(await agent.MetricAsync("sidecar_drain_state"), Is.EqualTo(2));
        Assert.That(Uncommitted.Count(kafka, topic, Partitions, inbox), Is.Zero);

        // Hooks are called at least once.
        await using (var second = Drain(agent))
        {
            Assert.That(await second.WaitForExitAsync(Patience), Is.Zero, second.Output);
        }

        // A sibling has everything while this one still lives.
        await using var sibling = await RunningAgent.StartAsync(kafka, topic, inbox);
        records.Add(100, inbox.Ledger);
        await inbox.HasAsync(records.Produced, Patience);
        Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
        Assert.That(await sibling.StopAsync(), Is.Zero);
        Assert.That(inbox.Taken, Has.Count.EqualTo(records.Produced), "nothing came twice");
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    [Test]
    public async Task A_drain_with_an_application_that_hangs_ends_at_its_time_out_and_SIGTERM_ends_a_drain_that_runs()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("drain-hung");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        inbox.Otherwise = _ => Answers.Hang();
        using var records = new Records(kafka, topic);
        records.Add(10, inbox.Ledger);
        var setup = new AgentSetup(kafka.BootstrapServers, topic, inbox.Address)
        {
            Subscription = "; concurrency=2; deadline=10m",
            Flags = ["--drain-timeout", "1s"],
        };
        await using var agent = await RunningAgent.StartAsync(setup);
        await Until.TrueAsync(() => inbox.Seen.Count == 2, Patience, "every slot is in flight");

        await using var drain = Drain(agent);
        Assert.That(await drain.WaitForExitAsync(Patience), Is.Zero, drain.Output);
        Assert.That(agent.Says("they will be delivered again"), Is.Positive, agent.Process.Output);
        Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
    }

    [Test]
    public async Task A_drain_needs_neither_Kafka_nor_the_application_and_a_gate_says_what_is_missing()
    {
        var setup = new AgentSetup($"127.0.0.1:{Ports.Free()}", "nowhere", "127.0.0.1:1") { Flags = ["--gate", "kafka"] };
        await using var agent = await RunningAgent.StartAsync(setup);

        Assert.That(await agent.ReadyStatusAsync(), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        await using var drain = Drain(agent);
        Assert.That(await drain.WaitForExitAsync(Patience), Is.Zero, drain.Output);
        Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
    }

    [TestCase("kafka")]
    [TestCase("assigned")]
    public async Task A_gate_opens_when_what_it_names_is_there_and_shuts_when_the_agent_drains(string gate)
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("gate");
        await kafka.CreateTopicAsync(topic, 1);
        await using var inbox = await Inbox.StartAsync();
        await using var agent = await RunningAgent.StartAsync(
            new AgentSetup(kafka.BootstrapServers, topic, inbox.Address) { Flags = ["--gate", gate] });

        await Until.TrueAsync(
            async () => await agent.ReadyStatusAsync() == HttpStatusCode.OK, Patience, $"it is ready, as gate {gate} says");
        await using var drain = Drain(agent);
        Assert.That(await drain.WaitForExitAsync(Patience), Is.Zero, drain.Output);
        Assert.That(await agent.ReadyStatusAsync(), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
    }

    [Test]
    public async Task Without_an_agent_the_command_fails_and_says_where_it_looked()
    {
        var port = Ports.Free();
        await using var drain = ProgramProcess.Start(Programs.Agent, ["drain", "--admin-port", $"{port}"]);

        Assert.That(await drain.WaitForExitAsync(Patience), Is.EqualTo(1));
        Assert.That(drain.Output, Does.Contain($"no agent answers at http://127.0.0.1:{port}"));
    }

    [Test]
    public async Task The_admin_port_answers_no_browser_and_the_open_port_does_not_drain()
    {
        await using var agent = await RunningAgent.StartAsync(
            new AgentSetup($"127.0.0.1:{Ports.Free()}", "nowhere", "127.0.0.1:1"));
        using var client = new HttpClient();
        async Task<HttpStatusCode> PostAsync(int port, string host, bool isJson)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/drain");
            request.Headers.Host = host;
            if (isJson) request.Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
            using var answer = await client.SendAsync(request);
            return answer.StatusCode;
        }

        Assert.That(await PostAsync(agent.AdminPort, "evil.example", true), Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await PostAsync(agent.AdminPort, "127.0.0.1", false), Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await PostAsync(agent.MetricsPort, "127.0.0.1", true), Is.EqualTo(HttpStatusCode.MethodNotAllowed));
        Assert.That(await agent.MetricAsync("sidecar_drain_state"), Is.Zero);
    }

    private static ProgramProcess Drain(RunningAgent agent) => ProgramProcess.Start(
        Programs.Agent, ["drain", "--admin-port", $"{agent.AdminPort}"]);
}
