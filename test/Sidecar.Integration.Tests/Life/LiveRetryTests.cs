using Grpc.Core;
using Sidecar.Delivery.V1;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Life;

/// <summary>Retry topics and dead letters that come, change and go with the annotations while the agent runs.</summary>
internal sealed class LiveRetryTests
{
    private const int Partitions = 4;
    private const int Events = 200;
    private const string Sub = "sub=\"other\"";
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task Readers_and_writers_of_retries_and_letters_come_and_go_and_no_event_is_lost_or_overtaken()
    {
        var kafka = await SharedKafka.GetAsync();
        var (idle, topic) = (SharedKafka.NewTopic("live-idle"), SharedKafka.NewTopic("live-retries"));
        await kafka.CreateTopicAsync(idle, 1);
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic);
        (string, string) Other(string more) => ("subscription.other", $"{topic}; attempts=1; backoff=1ms; {more}");
        var steady = ("subscription.idle", idle);
        using var volume = new PodInfo(steady, Other("on-exhausted=dead-letter; retries=4s"));
        await using var agent = await RunningAgent.StartAsync(
            new AgentSetup(kafka.BootstrapServers, idle, inbox.Address) { Annotations = volume.Path });

        // Its key waits in a retry topic while its reader goes, and the writer of dead letters for good.
        FailAt(inbox, 40);
        records.Add(Events, inbox.Ledger);
        await agent.MetricIsAsync(2, "sidecar_retry_waiting_events", Sub);
        volume.Write(steady, Other("on-exhausted=park; retries=1s,4s"));
        await HasGoneAsync(agent, 1);
        inbox.Otherwise = _ => null;
        await inbox.HasAsync(Events, Patience);
        await agent.MetricIsAsync(0, "sidecar_retry_waiting_events", Sub);

        // No reader, and a writer of dead letters once more.
        volume.Write(steady, Other("on-exhausted=dead-letter"));
        await HasGoneAsync(agent, 2);
        await Until.TrueAsync(() => Readers(agent) == 0, Patience, "nobody reads the retry topics");
        FailAt(inbox, Events + 40);
        records.Add(Events, inbox.Ledger);
        await inbox.HasAsync((2 * Events) - 1, Patience);
        await agent.MetricIsAsync(1, "sidecar_dead_letters_total", Sub);

        // Both, and then neither.
        inbox.Otherwise = _ => null;
        volume.Write(steady, Other("on-exhausted=dead-letter; retries=1s"));
        await HasGoneAsync(agent, 3);
        await Until.TrueAsync(() => Readers(agent) == 1, Patience, "one reads the retry topics");
        FailAt(inbox, (2 * Events) + 40, times: 1);
        records.Add(Events, inbox.Ledger);
        await inbox.HasAsync((3 * Events) - 1, Patience);
        await agent.MetricIsAsync(0, "sidecar_retry_waiting_events", Sub);
        volume.Write(steady);
        await HasGoneAsync(agent, 4);
        await Until.TrueAsync(() => Readers(agent) == 0, Patience, "nobody reads the retry topics");

        Assert.That(inbox.Ledger.Table(), Is.EqualTo(new LedgerTable(3 * Events, (3 * Events) - 1, 1, 0, 0)), "one is a dead letter");
        Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
    }

    private static void FailAt(Inbox inbox, int number, int times = int.MaxValue)
    {
        var left = times;
        inbox.Otherwise = delivered => Number(delivered) == number && Interlocked.Decrement(ref left) >= 0
            ? Answers.Status(StatusCode.Aborted, "not now")
            : null;
    }

    private static int Number(Event delivered) => int.Parse(delivered.Data.ToStringUtf8());

    private static Task HasGoneAsync(RunningAgent agent, int times) => Until.TrueAsync(
        () => agent.Says("it has gone") == times, Patience, $"it has gone {times} times");

    /// <summary>Threads that read retry topics, as the kernel knows them.</summary>
    private static int Readers(RunningAgent agent) => Directory.GetDirectories($"/proc/{agent.Process.Id}/task").Count(task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("retries-other", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It has ended since they were listed.
            return false;
        }
    });
}
