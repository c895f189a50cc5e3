using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;
using Sidecar.Delivery.V1;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Restarts;

/// <summary>What waits in retry topics goes over to whoever owns its partition next, with its keys, while agents run.</summary>
internal sealed class RetryGroupTests
{
    private const int Partitions = 4;
    private const int Keys = 100;
    private const int FailingKeys = 20;
    private const int Rounds = 3;

    // What asks for as long a pause as the topic's delay comes back to it, until its attempts are used up: not in this test.
    private const string Retries = "; attempts=100; on-exhausted=dead-letter; retries=1s";
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task Parked_keys_go_over_to_the_other_agent_when_one_leaves([Values] Leaving leaving)
    {
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic($"parked-{leaving}");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        var isMended = false;
        inbox.Otherwise = delivered => !Volatile.Read(ref isMended) && int.Parse(delivered.Data.ToStringUtf8()) < FailingKeys
            ? NotNow()
            : null;
        using var records = new Records(kafka, topic, Keys);
        var setup = new AgentSetup(kafka.BootstrapServers, topic, inbox.Address)
        {
            Subscription = Retries, Flags = ["--session-timeout", "6s"],
        };
        await using var stays = await RunningAgent.StartAsync(setup);
        await using var leaves = await RunningAgent.StartAsync(setup);
        await stays.MetricIsAsync(Partitions / 2, "sidecar_assigned_partitions");
        await leaves.MetricIsAsync(Partitions / 2, "sidecar_assigned_partitions");
        records.Add(Rounds * Keys, inbox.Ledger);
        await inbox.HasAsync(Rounds * (Keys - FailingKeys), Patience);
        await TestKit.Until.TrueAsync(
            async () => await WaitingAsync(stays) + await WaitingAsync(leaves) == Rounds * FailingKeys, Patience, "the keys are parked");
        Assert.That(await WaitingAsync(leaves), Is.Positive, "there is something to go over");

        await LeaveAsync(leaves, leaving);

        await stays.MetricIsAsync(Rounds * FailingKeys, "sidecar_retry_waiting_events");
        await stays.MetricIsAsync(FailingKeys, "sidecar_retry_waiting_keys");
        records.Add(Keys, inbox.Ledger);
        await inbox.HasAsync((Rounds + 1) * (Keys - FailingKeys), Patience);
        Volatile.Write(ref isMended, true);
        await inbox.HasAsync((Rounds + 1) * Keys, Patience);
        await stays.MetricIsAsync(0, "sidecar_retry_waiting_events");
        Assert.That(await stays.StopAsync(), Is.Zero);
        Assert.That(leaves.Process.HasExited ? 0 : await leaves.StopAsync(), Is.Zero);
        var table = inbox.Ledger.Table();
        await TestContext.Out.WriteLineAsync($"{leaving} with {Rounds * FailingKeys} events of {FailingKeys} keys parked\n{table}");
        Assert.That(leaving == Leaving.Killed ? table.IsAtLeastOnce : table.IsRight, Is.True, table.ToString());
    }

    /// <summary>How an agent leaves.</summary>
    public enum Leaving
    {
        Stopped,
        Drained,
        Killed,
    }

    private static async Task LeaveAsync(RunningAgent agent, Leaving leaving)
    {
        switch (leaving)
        {
            case Leaving.Stopped:
                Assert.That(await agent.StopAsync(), Is.Zero, "what waits is not waited for");
                break;
            case Leaving.Drained:
                await using (var drain = ProgramProcess.Start(Programs.Agent, ["drain", "--admin-port", $"{agent.AdminPort}"]))
                {
                    Assert.That(await drain.WaitForExitAsync(Patience), Is.Zero, drain.Output);
                }

                break;
            case Leaving.Killed:
                await agent.Process.KillAsync();
                break;
        }
    }

    private static RequestDelegate NotNow() => Answers.Ok(new DeliverResponse
    {
        Result = new Result { Verdict = Verdict.Retry, RetryAfter = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) },
    }.ToByteArray());

    private static Task<double> WaitingAsync(RunningAgent agent) => agent.MetricAsync("sidecar_retry_waiting_events");
}
