using System.Text;
using Confluent.Kafka;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit;
using Sidecar.TestKit.Processes;

namespace Sidecar.OutboxRelay.Tests.Line;

/// <summary>The program itself between a SQLite file and Kafka.</summary>
[TestFixture]
internal sealed class RelayTests
{
    [Test]
    public async Task Rows_arrive_as_they_are_with_null_and_empty_kept_apart()
    {
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync();
        outbox.Insert(topic, "null", null);
        outbox.Insert(topic, "empty", Array.Empty<byte>());
        outbox.Insert(topic, null, "no key");
        outbox.Insert(topic, Array.Empty<byte>(), "empty key");
        outbox.Insert(topic, new byte[] { 0, 255 }, "bytes", """[["a","1"],["a",null],["b",""]]""");
        await using var relay = Relays.Run(outbox);
        await outbox.DrainedAsync();

        var records = Kafka.ReadAll(topic).Select(record => record.Message).ToList();
        Assert.That(records, Has.Count.EqualTo(5));
        Assert.That(Find(records, "null").Value, Is.Null);
        Assert.That(Find(records, "empty").Value, Is.Empty.And.Not.Null);
        Assert.That(records.Single(r => Value(r) == "no key").Key, Is.Null);
        Assert.That(records.Single(r => Value(r) == "empty key").Key, Is.Empty.And.Not.Null);
        var bytes = records.Single(r => Value(r) == "bytes");
        Assert.That(bytes.Key, Is.EqualTo(new byte[] { 0, 255 }));
        Assert.That(bytes.Headers.Take(3).Select(h => (h.Key, Text(h.GetValueBytes()))), Is.EqualTo(
            new (string, string?)[] { ("a", "1"), ("a", null), ("b", "") }));
        Assert.That(bytes.Headers.Select(h => h.Key), Does.Contain("ce_id").And.Contain("sidecar-outbox-seq"));
    }

    [Test]
    public async Task Poison_holds_back_only_its_key()
    {
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync();
        outbox.Insert(topic, "good", "1");
        outbox.Insert(topic, "large", new byte[20_000]);
        outbox.Insert(topic, "bad", "x", "not json");
        outbox.Insert(topic, "large", "behind");
        outbox.Insert(topic, "good", "2");
        outbox.Insert("no topic!", "k", "v");
        await using var relay = Relays.Run(outbox, "--max-message-bytes", "10000");
        await outbox.DrainedAsync();
        outbox.Insert(topic, "large", "behind, later");
        outbox.Insert(topic, "good", "3");
        await outbox.DrainedAsync();

        Assert.That(Kafka.ReadAll(topic).Select(r => Value(r.Message)), Is.EqualTo(new[] { "1", "2", "3" }));
        var held = outbox.Held();
        Assert.That(held.Select(row => row.Id), Is.EqualTo(new long[] { 2, 3, 4, 6, 7 }));
        Assert.That(held[0].Reason, Does.Contain("max-message-bytes is 10000"));
        Assert.That(held[1].Reason, Does.Contain("not valid JSON"));
        await using var status = Relays.Start("status", "--sqlite", outbox.Path, "--output", "json");
        Assert.That(await status.EndAsync(), Is.Zero);
        await status.SaysAsync("\"heldRows\": 5");
    }

    [Test]
    public async Task What_a_broker_refuses_is_found_and_holds_back_only_its_key()
    {
        Kafka.NeedsBroker("a topic with a smaller max.message.bytes");
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync(settings: ("max.message.bytes", "3000"));
        for (var i = 0; i < 200; i++)
        {
            outbox.Insert(topic, $"k{i % 10}", new byte[i is 57 or 120 ? 5000 : 500]);
        }

        await using var relay = Relays.Run(outbox);
        await outbox.DrainedAsync();
        var held = outbox.Held().ToDictionary(row => row.Id, row => row.Reason);
        var expected = Enumerable.Range(0, 200).Where(i => (i % 10 == 7 && i >= 57) || (i % 10 == 0 && i >= 120));
        Assert.That(held.Keys, Is.EquivalentTo(expected.Select(i => i + 1L)));
        Assert.That(held[58], Does.StartWith("refused by Kafka"));
        Assert.That(held[68], Does.StartWith("behind"));
        new Tally(Kafka.ReadAll(topic)).IsWhole(200 - held.Count);
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(50)]
    public async Task Nothing_of_a_key_goes_past_its_refused_row(int refused)
    {
        // A broker takes any first sequence number of a producer that it does not know: the batch behind a refused
        // first one got through, with later rows of the held key.
        Kafka.NeedsBroker("a topic with a smaller max.message.bytes");
        const int keys = 3;
        const int rows = 100;
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync(partitions: 1, ("max.message.bytes", "3000"));
        for (var i = 0; i < keys * rows; i++)
        {
            outbox.Insert(topic, $"k{i / rows}", new byte[i % rows == refused ? 5000 : 500]);
        }

        await using var relay = Relays.Run(outbox, "--window-rows", "1000");
        await outbox.DrainedAsync();
        Assert.That(outbox.Held(), Has.Count.EqualTo(keys * (rows - refused)));
        new Tally(Kafka.ReadAll(topic)).IsWhole(keys * refused);
    }

    [Test]
    public async Task A_topic_that_is_missing_is_waited_for_and_others_go_on()
    {
        await using var cluster = await Kafka.WithoutAutomaticTopicsAsync();
        using var outbox = new OutboxFile();
        await cluster.CreateTopicAsync("there", partitions: 1);
        outbox.Insert("missing", "k", "1");
        outbox.Insert("there", "k", "v");
        outbox.Insert("missing", "k", "2");
        await using var relay = Relays.Run(outbox, "--bootstrap-servers", cluster.BootstrapServers);
        await relay.SaysAsync("topic 'missing' does not exist");
        await Until.TrueAsync(() => outbox.Pending == 2, Relays.Bound, "the other topic's row has gone");
        await cluster.CreateTopicAsync("missing", partitions: 1);
        await outbox.DrainedAsync();
        Assert.That(outbox.Held(), Is.Empty);
    }

    [Test]
    public async Task The_database_may_come_later_than_the_relay_and_what_was_rolled_back_never_comes()
    {
        using var outbox = new OutboxFile(withSchema: false);
        var topic = await Kafka.TopicAsync();
        await using var relay = Relays.Run(outbox);
        await relay.SaysAsync("there is no file");
        await using (var init = Relays.Start("init", "--apply", "--sqlite", outbox.Path))
        {
            Assert.That(await init.EndAsync(), Is.Zero);
        }

        using (var connection = outbox.Connect())
        {
            using (connection.BeginTransaction())
            {
                OutboxFile.Insert(connection, topic, "k", "rolled back");
            }

            OutboxFile.Insert(connection, topic, "k", "committed");
        }

        await outbox.DrainedAsync();
        Assert.That(Kafka.ReadAll(topic).Select(r => Value(r.Message)), Is.EqualTo(new[] { "committed" }));
    }

    [Test]
    public async Task Without_Kafka_it_stays_says_so_in_readyz_and_stops_with_0()
    {
        using var outbox = new OutboxFile();
        outbox.Insert("t", "k", "v");
        await using var relay = Relays.Run(outbox, "--bootstrap-servers", "127.0.0.1:1");
        await relay.SaysAsync("no broker of 127.0.0.1:1 answers");
        using var http = new HttpClient { BaseAddress = new Uri(Address(relay.Output)) };
        Assert.That(
            await http.GetStringAsync(new Uri("/readyz", UriKind.Relative)),
            Does.StartWith("ready; waiting for\nkafka: no broker of 127.0.0.1:1 answers"),
            "the pod stays ready: its readiness is the application's too");
        Assert.That(await http.GetStringAsync(new Uri("/livez", UriKind.Relative)), Is.EqualTo("live\n"));
        var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.That(metrics, Does.Contain("outbox_waiting{reason=\"kafka\"} 1"));
        Assert.That(metrics, Does.Contain("outbox_pending_records 1"));
        Assert.That(await relay.TerminateAsync(), Is.Zero);
        Assert.That(outbox.Pending, Is.EqualTo(1));
    }

    [Test]
    public async Task The_applications_own_ASPNETCORE_settings_do_not_move_the_port()
    {
        using var outbox = new OutboxFile();
        await using var relay = ProgramProcess.Start(
            Programs.OutboxRelay,
            [
                "run", "--sqlite", outbox.Path, "--bootstrap-servers", "127.0.0.1:1", "--metrics-port", "0",
                "--metrics-address", "127.0.0.1",
            ],
            new Dictionary<string, string?>
            {
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:9",
                ["SIDECAR_LOG_FORMAT"] = "text",
            });
        await relay.SaysAsync("metrics and health on");
        Assert.That(Address(relay.Output), Does.Not.EndWith(":9"));
    }

    [Test]
    public async Task Wrong_settings_end_with_2_and_stand_last()
    {
        await using var relay = Relays.Start("run", "--lease", "soon", "--sqlite", "x");
        Assert.That(await relay.EndAsync(), Is.EqualTo(2));
        Assert.That(relay.Output.TrimEnd().Split('\n'), Has.Length.EqualTo(2));
        Assert.That(relay.Output, Does.Contain("--lease is 'soon'").And.Contain("--bootstrap-servers is missing"));
    }

    private static string Address(string output)
    {
        var start = output.IndexOf("http://", StringComparison.Ordinal);
        return output[start..output.IndexOf(';', start)].Trim('"', ' ');
    }

    private static Message<byte[]?, byte[]?> Find(List<Message<byte[]?, byte[]?>> records, string key) =>
        records.Single(record => Text(record.Key) == key);

    private static string? Value(Message<byte[]?, byte[]?> message) => Text(message.Value);

    private static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);
}
