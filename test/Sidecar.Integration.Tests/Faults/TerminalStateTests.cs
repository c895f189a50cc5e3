using System.Globalization;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Sidecar.Delivery.V1;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>
/// Whatever happens, each event ends in one of two ways, delivered or dead-lettered: an application that fails at random
/// and refuses some, two agents that share the partitions, one of which is killed again and again.
/// </summary>
internal sealed class TerminalStateTests
{
    private const int Partitions = 4;
    private const int Kills = 3;
    private const int RefusedOneIn = 25;
    private const int Seed = 20_260_522;

    private static bool Full => Environment.GetEnvironmentVariable("SIDECAR_FULL") is { Length: > 0 };

    [Test]
    public async Task Each_event_is_delivered_or_dead_lettered_and_none_is_both_or_neither()
    {
        var perKill = Full ? 30_000 : 3_000;
        var kafka = await SharedKafka.GetRealAsync();
        var topic = SharedKafka.NewTopic("terminal");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        var random = new Random(Seed);
        inbox.Otherwise = delivered => IsRefused(delivered) ? Reject() : Fails(random) ? Answers.Status(StatusCode.Aborted, "busy") : null;
        var expected = new Ledger();
        using var records = new Records(kafka, topic, keys: 500);
        await using var producing = new Paced(records, expected, eventsPerSecond: 1_000);
        var setup = new AgentSetup(kafka.BootstrapServers, topic, inbox.Address)
        {
            Subscription = "; on-exhausted=dead-letter; attempts=20; backoff=5ms..50ms",
            Flags = ["--session-timeout", "6s"],
        };
        await using var steady = await RunningAgent.StartAsync(setup);
        for (var kill = 1; kill <= Kills; kill++)
        {
            await using var killed = await RunningAgent.StartAsync(setup);
            await Until.TrueAsync(
                async () => await killed.MetricAsync("sidecar_assigned_partitions") > 0, RunningAgent.Patience, "it has its share");
            await inbox.HasAsync(inbox.Different + perKill, RunningAgent.Patience);
            await killed.Process.KillAsync();
        }

        await producing.StopAsync();
        var events = records.Produced;
        var refused = Enumerable.Range(0, events).Count(number => number % RefusedOneIn == 0);
        await inbox.HasAsync(events - refused, RunningAgent.Patience);
        await steady.MetricIsAsync(Partitions, "sidecar_assigned_partitions");
        await Until.TrueAsync(
            () => Uncommitted.Records(kafka, topic, Partitions) == 0, RunningAgent.Patience, "each event has ended and is committed");
        Assert.That(await steady.StopAsync(), Is.Zero);

        var letters = LettersOf(kafka, $"{topic}-group.test.dlq");
        var delivered = inbox.Taken.Select(taken => taken.Data.ToStringUtf8()).ToHashSet();
        var table = inbox.Ledger.Table();
        await TestContext.Out.WriteLineAsync(
            $"seed {Seed}: {events} events, {Kills} kills; delivered {delivered.Count} (repeats {table.Duplicates}), dead-lettered "
            + $"{letters.Distinct().Count()} (repeats {letters.Count - letters.Distinct().Count()}), both "
            + $"{letters.Count(delivered.Contains)}, out of order {table.OutOfOrder}");
        Assert.Multiple(() =>
        {
            Assert.That(delivered, Has.Count.EqualTo(events - refused), "none is missing");
            Assert.That(letters.Distinct().Count(), Is.EqualTo(refused), "none is missing");
            Assert.That(letters.Any(delivered.Contains), Is.False, "none has two ends");
            Assert.That(table.OutOfOrder, Is.Zero);
        });
    }

    private static List<string> LettersOf(KafkaServer kafka, string topic)
    {
        using var admin = kafka.Admin();
        var partitions = admin.GetMetadata(topic, RunningAgent.Patience).Topics[0].Partitions.Count;
        return [.. Records.Read(kafka, topic, partitions).Select(record => Encoding.UTF8.GetString(record.Message.Value))];
    }

    private static bool IsRefused(Event delivered) =>
        int.Parse(delivered.Data.ToStringUtf8(), CultureInfo.InvariantCulture) % RefusedOneIn == 0;

    private static bool Fails(Random random)
    {
        lock (random)
        {
            return random.Next(10) == 0;
        }
    }

    private static RequestDelegate Reject() => Answers.Ok(new DeliverResponse
    {
        Result = new Result { Verdict = Verdict.Reject, Reason = "refused" },
    }.ToByteArray());
}
