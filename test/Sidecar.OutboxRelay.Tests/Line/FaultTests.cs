using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit.Processes;

namespace Sidecar.OutboxRelay.Tests.Line;

/// <summary>Relays that are killed, paused and doubled while rows are written.</summary>
[TestFixture]
internal sealed class FaultTests
{
    private const int WindowRows = 100;
    private const int UnderWay = 2 * WindowRows;

    [Test]
    public async Task A_relay_killed_at_random_loses_nothing_and_repeats_at_most_what_was_under_way()
    {
        const int kills = 6;
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync();
        var chance = new Random(20261122);
        var written = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            await using var relay = Relays.Run(outbox);
            await relay.SaysAsync("Took the lease");
            var goal = written + chance.Next(500, 1500);
            var killAt = chance.Next(written, goal);
            for (var killed = false; written < goal; written += 20)
            {
                Write(outbox, topic, written, 20);
                if (!killed && written >= killAt)
                {
                    relay.Send(Signal.Kill);
                    killed = true;
                }
            }
        }

        await using var last = Relays.Run(outbox);
        await outbox.DrainedAsync();
        var tally = new Tally(Kafka.ReadAll(topic));
        tally.IsWhole(written);
        Assert.That(tally.Duplicates, Is.LessThanOrEqualTo(kills * UnderWay));
    }

    [Test]
    public async Task A_stop_by_SIGTERM_repeats_nothing_and_the_next_relay_need_not_wait()
    {
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync();
        var written = 0;
        for (var stop = 0; stop < 3; stop++)
        {
            await using var relay = Relays.Run(outbox, "--lease", "10m");
            await relay.SaysAsync("Took the lease");
            for (var i = 0; i < 50; i++, written += 20)
            {
                Write(outbox, topic, written, 20);
            }

            Assert.That(await relay.TerminateAsync(), Is.Zero);
        }

        await using var last = Relays.Run(outbox);
        await outbox.DrainedAsync();
        var tally = new Tally(Kafka.ReadAll(topic));
        tally.IsWhole(written);
        Assert.That(tally.Duplicates, Is.Zero);
    }

    [Test]
    public async Task Of_two_relays_one_writes_and_one_that_sleeps_beyond_its_lease_is_fenced()
    {
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync();
        await using var first = Relays.Run(outbox);
        await first.SaysAsync("Took the lease");
        await using var second = Relays.Run(outbox);
        await second.SaysAsync("Waiting for");
        var written = 0;
        for (; written < 1000; written += 20)
        {
            Write(outbox, topic, written, 20);
        }

        first.Send(Signal.Stop);
        for (; written < 2000; written += 20)
        {
            Write(outbox, topic, written, 20);
        }

        await second.SaysAsync("Took the lease");
        first.Send(Signal.Continue);
        for (; written < 3000; written += 20)
        {
            Write(outbox, topic, written, 20);
        }

        await first.SaysAsync("another relay has taken the lease");
        await outbox.DrainedAsync();
        var tally = new Tally(Kafka.ReadAll(topic));
        tally.IsWhole(written);
        Assert.That(tally.Duplicates, Is.LessThanOrEqualTo(UnderWay));
        Assert.That(await second.TerminateAsync(), Is.Zero);
        Assert.That(await first.TerminateAsync(), Is.Zero);
    }

    [Test]
    public async Task One_key_with_many_rows_stays_in_order()
    {
        const int rows = 20_000;
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync();
        outbox.Insert(topic, "the one", "value", times: rows);
        await using var relay = Relays.Run(outbox, "--window-rows", "1000");
        await outbox.DrainedAsync();
        var records = Kafka.ReadAll(topic);
        Assert.That(records.Select(record => record.Partition.Value).Distinct().Count(), Is.EqualTo(1));
        var tally = new Tally(records);
        tally.IsWhole(rows);
        Assert.That(tally.Duplicates, Is.Zero);
    }

    [Test]
    public async Task A_writer_that_holds_the_database_delays_and_loses_nothing()
    {
        using var outbox = new OutboxFile();
        var topic = await Kafka.TopicAsync();
        await using var relay = Relays.Run(outbox, "--busy-timeout", "10ms");
        await relay.SaysAsync("Took the lease");
        outbox.Insert(topic, "k", "before");
        using (var connection = outbox.Connect())
        using (var transaction = connection.BeginTransaction(deferred: false))
        {
            OutboxFile.Insert(connection, topic, "k", "long");
            await relay.SaysAsync("another writer holds");
            transaction.Commit();
        }

        await outbox.DrainedAsync();
        new Tally(Kafka.ReadAll(topic)).IsWhole(2);
    }

    private static void Write(OutboxFile outbox, string topic, int from, int count)
    {
        using var connection = outbox.Connect();
        using var transaction = connection.BeginTransaction();
        for (var i = from; i < from + count; i++)
        {
            OutboxFile.Insert(connection, topic, $"key {i % 17}", new byte[300]);
        }

        transaction.Commit();
    }
}
