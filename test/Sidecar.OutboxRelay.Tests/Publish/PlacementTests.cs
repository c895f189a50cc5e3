using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sidecar.Credentials;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Publish;
using Sidecar.OutboxRelay.Telemetry;
using Sidecar.OutboxRelay.Tests.Fixtures;

namespace Sidecar.OutboxRelay.Tests.Publish;

/// <summary>On which partition a key is, whoever sends it.</summary>
[TestFixture]
internal sealed class PlacementTests
{
    private const int Partitions = 7;
    private const int Keys = 200;

    [Test]
    public async Task The_publisher_places_every_key_where_the_relay_takes_it_to_be()
    {
        var topic = await Kafka.TopicAsync(Partitions);
        var chance = new Random(20261129);
        var keys = TextKeys().Take(Keys / 2).Select(Encoding.UTF8.GetBytes).ToList();
        while (keys.Count < Keys)
        {
            keys.Add(new byte[chance.Next(1, 40)]);
            chance.NextBytes(keys[^1]);
        }

        var records = await SendAsync(topic, keys);
        Assert.That(
            records.Select(record => record.Partition),
            Is.EqualTo(keys.Select(key => Murmur2.Partition(key, Partitions))));
        Assert.That(records.Select(record => record.Partition).Distinct().Count(), Is.EqualTo(Partitions));
    }

    [Test]
    public async Task The_publisher_places_every_key_where_the_producer_of_Java_does()
    {
        Kafka.NeedsBroker("the mock cluster has no tools");
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is not { Length: > 0 } home)
        {
            Assert.Ignore("needs KAFKA_HOME: Kafka's own console producer");
            return;
        }

        var (ours, theirs) = (await Kafka.TopicAsync(Partitions), await Kafka.TopicAsync(Partitions));
        var keys = TextKeys().Take(Keys).ToList();
        await SendAsync(ours, [.. keys.Select(Encoding.UTF8.GetBytes)]);
        await SendByJavaAsync(home, theirs, keys);
        var placed = PlacesIn(theirs);
        Assert.That(placed, Has.Count.EqualTo(Keys));
        Assert.That(PlacesIn(ours), Is.EquivalentTo(placed));
    }

    /// <summary>An empty key first, then some of each script, of all lengths modulo four.</summary>
    private static IEnumerable<string> TextKeys()
    {
        yield return "";
        for (var i = 0; ; i++)
        {
            yield return (i % 4) switch
            {
                0 => $"order-{i}",
                1 => $"{i}",
                2 => $"Größe-{i}-é",
                _ => $"注文-{i}-🚚",
            };
        }
    }

    private static Dictionary<string, int> PlacesIn(string topic) =>
        Kafka.ReadAll(topic).ToDictionary(record => Encoding.UTF8.GetString(record.Message.Key!), record => record.Partition.Value);

    private static async Task<List<OutgoingRecord>> SendAsync(string topic, IReadOnlyList<byte[]> keys)
    {
        var telemetry = new RelayTelemetry(TimeProvider.System, NullLoggerFactory.Instance);
        var options = new PublishOptions { BootstrapServers = Kafka.BootstrapServers };
        var mapper = new RecordMapper(options, "u");
        var records = keys.Select((key, i) => new OutboxRow
        {
            Id = i + 1, Topic = topic, Key = key, Value = [1], CreatedMs = 1, StoredBytes = key.Length + 1,
        }).Select(row => new OutgoingRecord(row, mapper.Map(row).Message!)).ToList();
        using var publisher = new KafkaPublisher(options, Keyring.Open(options.Security).Keyring!, telemetry);
        publisher.Start();
        var window = new Window(records, []);
        publisher.Send(window);
        await window.Reported.WaitAsync(Relays.Bound);
        Assert.That(records.Select(record => record.End), Has.All.EqualTo(RecordEnd.Acknowledged));
        return records;
    }

    private static async Task SendByJavaAsync(string home, string topic, IEnumerable<string> keys)
    {
        using var producer = new Process
        {
            StartInfo = new ProcessStartInfo(
                Path.Combine(home, "bin", "kafka-console-producer.sh"),
                [
                    "--bootstrap-server", Kafka.BootstrapServers, "--topic", topic,
                    "--reader-property", "parse.key=true", "--reader-property", "key.separator=|",
                ])
            {
                UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
                StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            },
        };
        producer.StartInfo.Environment["KAFKA_HEAP_OPTS"] = "-Xmx128M";
        try
        {
            producer.Start();
        }
        catch (Win32Exception e)
        {
            Assert.Ignore($"needs a shell and java: {e.Message}");
        }

        var said = Task.WhenAll(producer.StandardOutput.ReadToEndAsync(), producer.StandardError.ReadToEndAsync());
        foreach (var key in keys)
        {
            await producer.StandardInput.WriteLineAsync($"{key}|value");
        }

        producer.StandardInput.Close();
        await producer.WaitForExitAsync().WaitAsync(Relays.Bound);
        Assert.That(producer.ExitCode, Is.Zero, string.Join('\n', await said));
    }
}
