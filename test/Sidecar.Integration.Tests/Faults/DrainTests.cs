using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>SIGTERM, with deliveries in flight, with an application that hangs, and a start that cannot be.</summary>
internal sealed class DrainTests
{
    private const int Partitions = 4;
    private const int InFlight = 8;
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task A_stop_lets_what_is_in_flight_finish_and_commits_it()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("drain");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        inbox.BeforeAnswer = _ => answer.Task;
        using var records = new Records(kafka, topic);
        records.Add(200, inbox.Ledger);
        await using (var agent = await RunningAgent.StartAsync(kafka, topic, inbox, $"; concurrency={InFlight}"))
        {
            await Until.TrueAsync(() => inbox.Seen.Count == InFlight, Patience, "every slot is in flight");
            agent.Process.Send(Signal.Terminate);
            await agent.Process.WaitForLineAsync("Draining", Patience);
            answer.SetResult();
            Assert.That(await agent.Process.WaitForExitAsync(Patience), Is.Zero, agent.Process.Output);
            Assert.That(inbox.Count, Is.EqualTo(InFlight), "nothing new begins while it drains");
        }

        await using var next = await RunningAgent.StartAsync(kafka, topic, inbox);
        await inbox.HasAsync(records.Produced, Patience);
        Assert.That(await next.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    [Test]
    public async Task A_stop_with_an_application_that_hangs_ends_and_the_events_come_again()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("hung");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        inbox.Otherwise = _ => Answers.Hang();
        using var records = new Records(kafka, topic);
        records.Add(100, inbox.Ledger);
        // The deadline is far above the patience: only the drain time-out can end the agent.
        var setup = new AgentSetup(kafka.BootstrapServers, topic, inbox.Address)
        {
            Subscription = $"; concurrency={InFlight}; deadline=10m",
            Flags = ["--drain-timeout", "1s"],
        };
        await using (var agent = await RunningAgent.StartAsync(setup))
        {
            await Until.TrueAsync(() => inbox.Seen.Count == InFlight, Patience, "every slot is in flight");
            Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
            Assert.That(agent.Says("they will be delivered again"), Is.Positive, agent.Process.Output);
        }

        inbox.Otherwise = _ => null;
        await using var next = await RunningAgent.StartAsync(setup);
        await inbox.HasAsync(records.Produced, Patience);
        Assert.That(await next.StopAsync(), Is.Zero);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
    }

    [Test]
    public async Task A_wrong_configuration_ends_with_code_2_and_the_reason_in_the_last_lines_of_standard_error()
    {
        await using var agent = ProgramProcess.Start(
            Programs.Agent, ["run", "--group", "g", "--bootstrap-servers", "127.0.0.1:1", "--drain-timeout", "soon"]);
        Assert.That(await agent.WaitForExitAsync(Patience), Is.EqualTo(2), agent.Output);
        var end = string.Join('\n', agent.ErrorLines.TakeLast(6));
        Assert.That(end, Does.Contain("drain-timeout").And.Contain("soon"));
    }
}
