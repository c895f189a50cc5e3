using System.Globalization;
using System.Text;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>Events that a rule of their subscription ends, and how fast the others may go.</summary>
internal sealed class SkippingTests
{
    private const int Partitions = 4;
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task Events_that_the_filter_leaves_out_are_never_seen_and_are_committed()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("filter");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic);
        for (var i = 0; i < 400; i++)
        {
            Put(records, i, ("ce_type", i % 4 == 0 ? "order.placed" : "order.viewed"), ("test", i % 8 == 0 ? "true" : "false"));
        }

        records.Flush();
        await using (var agent = await RunningAgent.StartAsync(
            kafka, topic, inbox, "; filter=type=order.placed, header.test!=true"))
        {
            await inbox.HasAsync(50, Patience);
            await agent.MetricIsAsync(350, "sidecar_records_skipped_total", "reason=\"filter\"");
            await agent.MetricIsAsync(0, "sidecar_consumer_lag_records");
            Assert.That(await agent.StopAsync(), Is.Zero);
        }

        // Without the filter: nothing that was passed over comes back.
        await using var next = await RunningAgent.StartAsync(kafka, topic, inbox);
        Put(records, 400, ("ce_type", "order.viewed"));
        records.Flush();
        await inbox.HasAsync(51, Patience);
        Assert.That(await next.StopAsync(), Is.Zero);
        Assert.That(inbox.Seen, Has.Count.EqualTo(51));
        Assert.That(inbox.Seen.Take(50).Select(seen => seen.Type), Is.All.EqualTo("order.placed"));
    }

    [Test]
    public async Task Events_that_grew_too_old_while_the_application_was_down_become_dead_letters_and_younger_ones_are_delivered()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("max-age");
        await kafka.CreateTopicAsync(topic, Partitions);
        await using var inbox = new Inbox(MisbehavingApp.FreeAddress()) { Health = new HealthDesk(HealthDesk.NotServing) };
        await inbox.ComeAsync();
        using var records = new Records(kafka, topic);
        records.Add(100, inbox.Ledger);
        var old = TimeProvider.System.GetUtcNow();
        await using var agent = await RunningAgent.StartAsync(kafka, topic, inbox, "; max-age=5s; on-expired=dead-letter");
        await agent.Process.WaitForLineAsync("says that it is NOT_SERVING", Patience);
        await Until.TrueAsync(
            () => TimeProvider.System.GetUtcNow() - old > TimeSpan.FromSeconds(6), Patience, "the first events are too old");
        inbox.Health.Say(HealthDesk.Serving);
        await agent.MetricIsAsync(100, "sidecar_dead_letters_total", "reason=\"expired\"");
        var young = new Ledger();
        records.Add(100, young);
        await inbox.HasAsync(100, Patience);
        Assert.That(await agent.StopAsync(), Is.Zero);
        Assert.That(inbox.Seen, Has.Count.EqualTo(100), "no old one was sent");
        using var admin = kafka.Admin();
        var dlq = admin.GetMetadata($"{topic}-group.test.dlq", Patience).Topics[0];
        var letters = Records.Read(kafka, dlq.Topic, dlq.Partitions.Count);
        Assert.That(letters, Has.Count.EqualTo(100));
        Assert.That(
            letters.Select(letter => Encoding.UTF8.GetString(letter.Message.Headers.GetLastBytes("sidecar-outcome"))),
            Is.All.EqualTo("expired"));
    }

    private static void Put(Records records, int number, params (string Name, string Value)[] headers) => records.Put(
        Encoding.UTF8.GetBytes($"key-{number % 7}"),
        Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture)),
        null,
        [.. headers.Select(header => (header.Name, (byte[]?)Encoding.UTF8.GetBytes(header.Value)))]);
}
