using System.Text;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit;

namespace Sidecar.OutboxRelay.Tests.Line;

/// <summary>The command <c>parked</c> beside a running relay.</summary>
[TestFixture]
internal sealed class ParkedTests
{
    [Test]
    public async Task What_goes_back_is_sent_in_order_by_a_relay_that_takes_it_now()
    {
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync();
        outbox.Insert(topic, "k", new byte[20_000]);
        outbox.Insert(topic, "k", "2");
        outbox.Insert(topic, "other", "x");
        await using (var strict = Relays.Run(outbox, "--max-message-bytes", "10000"))
        {
            await Until.TrueAsync(() => outbox.Held().Count == 2, Relays.Bound, "two rows are held");
            await SaysAsync(outbox, ["list", "--output", "json"], "\"kind\": \"behind\"");
            await SaysAsync(outbox, ["show", "1", "--max-bytes", "0"], "20000 bytes, the first 0");
            await strict.TerminateAsync();
        }

        await using var relay = Relays.Run(outbox);
        await SaysAsync(outbox, ["retry", "--topic", topic, "--key", "k"], "2 rows of 1 keys go back");
        outbox.Insert(topic, "k", "3");
        await outbox.DrainedAsync();
        var sent = Kafka.ReadAll(topic).Where(record => Encoding.UTF8.GetString(record.Message.Key!) == "k");
        Assert.That(sent.Select(record => record.Message.Value!.Length), Is.EqualTo(new[] { 20_000, 1, 1 }));
        Assert.That(outbox.Held(), Is.Empty);
    }

    [Test]
    public async Task With_park_a_refused_row_is_set_aside_alone()
    {
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync();
        outbox.Insert(topic, "k", "1");
        outbox.Insert(topic, "k", new byte[20_000]);
        outbox.Insert(topic, "k", "2");
        await using var relay = Relays.Run(outbox, "--max-message-bytes", "10000", "--on-refused", "park");
        await outbox.DrainedAsync();
        outbox.Insert(topic, "k", "3");
        await outbox.DrainedAsync();
        Assert.That(
            Kafka.ReadAll(topic).Select(record => Encoding.UTF8.GetString(record.Message.Value!)),
            Is.EqualTo(new[] { "1", "2", "3" }));
        Assert.That(outbox.Held().Single().Id, Is.EqualTo(2));
    }

    [Test]
    public async Task Nothing_is_dropped_before_somebody_has_agreed()
    {
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync();
        outbox.Insert(topic, "k", new byte[20_000]);
        outbox.Insert(topic, "k", "2");
        await using var relay = Relays.Run(outbox, "--max-message-bytes", "10000");
        await Until.TrueAsync(() => outbox.Held().Count == 2, Relays.Bound, "two rows are held");
        await SaysAsync(outbox, ["drop", "1"], "give --yes", exitCode: 2);
        await SaysAsync(outbox, ["drop", "--topic", topic], "--topic with --key", exitCode: 2);
        await SaysAsync(outbox, ["drop", "77", "--yes"], "no such row", exitCode: 1);
        await SaysAsync(outbox, ["drop", "1", "--yes"], "1 rows are gone; 1 that stood behind go on");
        await outbox.DrainedAsync();
        Assert.That(Encoding.UTF8.GetString(Kafka.ReadAll(topic).Single().Message.Value!), Is.EqualTo("2"));
    }

    private static async Task SaysAsync(OutboxFile outbox, string[] command, string text, int exitCode = 0)
    {
        await using var program = Relays.Start(["parked", .. command, "--sqlite", outbox.Path]);
        Assert.That(await program.EndAsync(), Is.EqualTo(exitCode), program.Output);
        await program.SaysAsync(text);
    }
}
