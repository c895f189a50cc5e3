using System.Globalization;
using System.Text;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary>
/// Eight relays on one outbox while applications write, and relays are added, killed, stopped, paused beyond their lease
/// and resumed. SIDECAR_FULL=1 makes the long one, SIDECAR_SEED another order.
/// </summary>
[TestFixture]
internal sealed class FleetTests
{
    private const int Most = 8;
    private const int Fewest = 3;
    private const int RepeatedByAFault = 5000 + (2 * 100);    // rows of a checkpoint, and two windows under way

    private static readonly int Seed = int.Parse(
        Environment.GetEnvironmentVariable("SIDECAR_SEED") ?? "20261122", CultureInfo.InvariantCulture);

    private static readonly int Changes = Environment.GetEnvironmentVariable("SIDECAR_FULL") == "1" ? 120 : 8;

    private readonly Random chance = new(Seed);
    private readonly List<string> table = [];
    private int faults;
    private bool hasPaused;

    [Test]
    public async Task Eight_relays_that_come_and_go_lose_nothing_and_keep_the_order_of_every_key()
    {
        var server = await SharedPostgres.GetAsync();
        var connectionString = await server.NewDatabaseAsync("fleet");
        var applied = await PgInstaller.ApplyAsync(PgAddress.Parse(connectionString)!, PgSchema.Migrations, TimeProvider.System);
        Assert.That(applied.Problem, Is.Null);
        await Sql.ExecuteAsync(connectionString, "UPDATE outbox.config SET slot_bytes = 262144");
        var topic = await Kafka.TopicAsync();
        await TestContext.Progress.WriteLineAsync($"{server.Name}, seed {Seed}");
        var applications = new Applications(connectionString, topic, Seed);
        await applications.StartAsync();

        await using var fleet = new Fleet(connectionString);
        await ChangeAsync(fleet, $"{Most} start", () => Repeat(Most, fleet.Add));
        for (var change = 0; change < Changes; change++)
        {
            await ChangeAsync(fleet);
        }

        var counts = await applications.EndAsync();
        if (hasPaused)
        {
            await ChangeAsync(fleet, "one wakes up", fleet.Resume);
        }

        await fleet.SettledAsync();
        while (fleet.Running.Count > 0)
        {
            Assert.That(await fleet.StopAsync(0), Is.Zero);
        }

        table.ForEach(TestContext.Progress.WriteLine);
        faults += fleet.LostLeases;
        Judge(counts, topic);
        Assert.That(
            await Sql.ScalarAsync<long>(connectionString, "SELECT count(*) FROM outbox.alarm"), Is.Zero, "the ledger agrees");
    }

    private Task ChangeAsync(Fleet fleet)
    {
        var victim = chance.Next(fleet.Running.Count);
        var mayLose = fleet.Running.Count > Fewest;
        switch (chance.Next(4))
        {
            case 0 when mayLose:
                faults++;
                return ChangeAsync(fleet, "one is killed", () => fleet.Kill(victim));
            case 1 when mayLose && !hasPaused:
                faults++;
                hasPaused = true;
                return ChangeAsync(fleet, "one sleeps beyond its lease", () => fleet.Pause(victim));
            case 2 when hasPaused:
                hasPaused = false;
                return ChangeAsync(fleet, "one wakes up", fleet.Resume);
            case 3 when mayLose:
                return ChangeAsync(fleet, "one is stopped", async () => Assert.That(await fleet.StopAsync(victim), Is.Zero));
            default:
                return fleet.Running.Count < Most
                    ? ChangeAsync(fleet, "one is added", fleet.Add)
                    : ChangeAsync(fleet, "two are killed at once", () => { faults += 2; Repeat(2, () => fleet.Kill(0)); });
        }
    }

    private Task ChangeAsync(Fleet fleet, string what, Action change) => ChangeAsync(fleet, what, () =>
    {
        change();
        return Task.CompletedTask;
    });

    private async Task ChangeAsync(Fleet fleet, string what, Func<Task> change)
    {
        var began = TimeProvider.System.GetTimestamp();
        await change();
        var moved = await fleet.EvenAsync();
        var took = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        table.Add($"{what,-28} | {fleet.Running.Count} run | {moved,2} lanes handed over | even after {took:0.0} s");
    }

    private void Judge(Dictionary<string, long> counts, string topic)
    {
        var (reached, seen) = (new Dictionary<string, long>(), new HashSet<(string, long)>());
        var (records, outOfOrder) = (Kafka.ReadAll(topic), 0);
        foreach (var record in records)
        {
            var key = Encoding.UTF8.GetString(record.Message.Key!);
            var count = long.Parse(Encoding.UTF8.GetString(record.Message.Value!), CultureInfo.InvariantCulture);
            if (seen.Add((key, count)))
            {
                // Counts come one by one: whatever does not follow the last one has overtaken, or was overtaken.
                outOfOrder += count == reached.GetValueOrDefault(key) + 1 ? 0 : 1;
                reached[key] = count;
            }
        }

        var rows = counts.Values.Sum();
        var repeats = records.Count - seen.Count;
        TestContext.Progress.WriteLine(
            $"rows {rows}, lost {rows - seen.Count}, out of order {outOfOrder}, repeated {repeats} after {faults} faults");
        Assert.That((rows - seen.Count, outOfOrder), Is.EqualTo((0L, 0)));
        Assert.That(repeats, Is.LessThanOrEqualTo(faults * RepeatedByAFault));
    }

    private static void Repeat(int times, Action action)
    {
        for (var i = 0; i < times; i++)
        {
            action();
        }
    }
}
