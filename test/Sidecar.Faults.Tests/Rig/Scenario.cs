using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>
/// One scenario from its beginning to its account: a database, a topic, a writer, a reader and the relays between them.
/// Whatever is done to them in the middle, at the end every committed event is in Kafka, in the order of its key, and
/// not repeated more often than the scenario names.
/// </summary>
internal sealed class Scenario : IAsyncDisposable
{
    /// <summary>Rows of a window of the relays here: small, so that a fault hits something.</summary>
    public const int WindowRows = 200;

    /// <summary>What one relay can repeat after one crash: what was sent since its last checkpoint, and is under way.</summary>
    public const int CrashRows = 5000 + (2 * WindowRows);

    public const int Partitions = 4;

    private const int Keys = 40;
    private const int MissingExplained = 12;

    private readonly string name;
    private readonly List<RelayUnderTest> relays = [];
    private Reader? reader;
    private TimeSpan? recovery;
    private bool ended;

    private Scenario(string name, LocalKafka kafka, OutboxDatabase database, string topic, IReadOnlyList<string> keys)
    {
        (this.name, Kafka, Database, Topic, KeyNames) = (name, kafka, database, topic, keys);
        Writer = new Writer(database, topic, keys, Seed);
        Chance = new Random(Seed);
    }

    public LocalKafka Kafka { get; }

    public OutboxDatabase Database { get; }

    public string Topic { get; }

    public IReadOnlyList<string> KeyNames { get; }

    public Writer Writer { get; }

    /// <summary>What a scenario decides by chance, by the seed of the run.</summary>
    public Random Chance { get; }

    /// <summary>The reader of the topic, from when it was first asked for.</summary>
    public Reader Reader => reader ??= new Reader(Kafka, Topic, Partitions);

    /// <summary>The relays that were started, in their order.</summary>
    public IReadOnlyList<RelayUnderTest> Relays => relays;

    private static int Seed => RunOptions.Seed;

    private string Mode { get; init; } = "table";

    private string On => Mode == "table" ? Database.Server.Name : $"{Database.Server.Name}, {Mode}";

    /// <summary>Makes the database and the topic; nothing runs yet.</summary>
    /// <param name="name">What is done, for the table.</param>
    /// <param name="way">What it runs on: the shared server of that end, and how the relays read.</param>
    /// <param name="server">Another server of that kind, for scenarios that do not leave it as it was.</param>
    /// <param name="kafka">Another cluster than the shared one.</param>
    /// <param name="makeTopic">Whether the topic is there from the beginning.</param>
    public static async Task<Scenario> BeginAsync(
        string name, Way way, LocalPostgres? server = null, LocalKafka? kafka = null, bool makeTopic = true)
    {
        server ??= await Servers.PostgresAsync(way.End);
        kafka ??= await Servers.KafkaAsync();
        List<string> keys = [.. Enumerable.Range(0, Keys).Select(number => $"key {number:00}")];
        var database = await OutboxDatabase.CreateAsync(server, keys);
        var topic = SharedKafka.NewTopic("faults");
        if (makeTopic) await kafka.CreateTopicAsync(topic, Partitions);
        return new Scenario(name, kafka, database, topic, keys) { Mode = way.Mode };
    }

    /// <summary>Starts a relay with a short lease and small windows.</summary>
    /// <param name="port">Of the database, when it is reached by way of a proxy.</param>
    /// <param name="flags">Flags and values that differ or come in addition.</param>
    public RelayUnderTest StartRelay(int? port = null, params string[] flags)
    {
        var all = new Dictionary<string, string>
        {
            ["--postgres"] = Database.RelayAddress(port),
            ["--bootstrap-servers"] = Kafka.BootstrapServers,
            ["--mode"] = Mode,
            ["--lease"] = "1s",
            ["--window-rows"] = $"{WindowRows}",
        };
        foreach (var pair in flags.Chunk(2)) all[pair[0]] = pair[1];
        var relay = RelayUnderTest.Start(all);
        relays.Add(relay);
        return relay;
    }

    /// <summary>Kills a relay; it takes no part in the rest.</summary>
    public async Task KillAsync(RelayUnderTest relay)
    {
        await relay.KillAsync();
        relays.Remove(relay);
        await relay.DisposeAsync();
    }

    /// <summary>Starts the writer, waits for that many commits, and stops it.</summary>
    public async Task WriteAsync(int transactions)
    {
        Writer.Start();
        await Writer.WroteAsync(transactions);
        await Writer.StopAsync();
    }

    public Task<Session> SessionAsync() => Session.OpenAsync(Database.WriterAddress, Topic);

    /// <summary>Waits until all that is committed now is in Kafka: the line works.</summary>
    public async Task FlowsAsync()
    {
        var versions = await Database.VersionsAsync();
        if (!await Reader.ReachesAsync(versions, RunOptions.Bound))
            Assert.Fail($"{name}: what is committed does not come to Kafka: {Lacking(versions)}\n{await ReadyAsync()}\n{Outputs()}");
    }

    /// <summary>Waits until two relays have entered and both own buckets; in wal mode one owns all, and one stands by.</summary>
    public Task BothAreInAsync() => Until.TrueAsync(
        async () => await Database.ScalarAsync<bool>(
            "SELECT (SELECT count(*) FROM outbox.relay) = 2 AND count(DISTINCT owner) = "
            + $"{(Mode == "wal" ? 1 : 2)} AND count(owner) = count(*) FROM outbox.lane"),
        RunOptions.Bound, "two relays are in");

    /// <summary>The topic was made again: reads the new one from its beginning, into the same account.</summary>
    public async Task ReadAnewAsync()
    {
        await Reader.DisposeAsync();
        reader = new Reader(Kafka, Topic, Partitions, reader);
    }

    /// <summary>Waits until a standby has replayed all that the primary has written until now.</summary>
    public async Task CatchesUpAsync(LocalPostgres standby)
    {
        var written = await Database.ScalarAsync<string>("SELECT pg_current_wal_lsn()::text");
        await Until.TrueAsync(
            () => Sql.ScalarAsync<bool>(
                standby.ConnectionString, $"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"),
            RunOptions.Bound, "the standby has caught up");
    }

    /// <summary>The fault ends here: from now until all that is committed by then is in Kafka, that is the recovery.</summary>
    public async Task RecoversAsync()
    {
        var begin = TimeProvider.System.GetTimestamp();
        await FlowsAsync();
        var took = TimeProvider.System.GetElapsedTime(begin);
        recovery = recovery is { } longest && longest > took ? longest : took;
    }

    /// <summary>
    /// Stops the writer, waits for the rest, stops the relays in good order, and holds the account against what was named.
    /// </summary>
    public async Task EndAsync(long duplicatesAtMost)
    {
        var (account, exits) = await AccountAsync(RunOptions.Bound);
        FaultTable.Add(new FaultRow(name, On, account, duplicatesAtMost, recovery));
        var missing = await Database.ExplainAsync(Reader.Ledger.Missing(MissingExplained));
        Assert.Multiple(() =>
        {
            Assert.That(account.Expected, Is.Positive, "events");
            Assert.That(account.IsAtLeastOnce, $"lost, unexpected or out of order:\n{account}\n{missing}\n{Outputs()}");
            Assert.That(account.Duplicates, Is.LessThanOrEqualTo(duplicatesAtMost), $"duplicates\n{Outputs()}");
            Assert.That(exits, Is.All.Zero, "exit codes after SIGTERM");
        });
    }

    /// <summary>What the scenario comes to, without a judgement; and the exit codes of the relays.</summary>
    /// <param name="patience">How long the rest is waited for.</param>
    public async Task<(LedgerTable Account, int[] Exits)> AccountAsync(TimeSpan patience)
    {
        await Writer.StopAsync();
        var versions = await Database.VersionsAsync();
        await Reader.ReachesAsync(versions, patience);
        var exits = await Task.WhenAll(relays.Select(relay => relay.StopAsync()));
        await Reader.ToTheEndAsync();
        foreach (var (key, last) in versions)
        {
            for (var version = 1L; version <= last; version++) Reader.Ledger.Expect(key, version);
        }

        ended = true;
        return (Reader.Ledger.Table(), exits);
    }

    public async ValueTask DisposeAsync()
    {
        if (!ended)
        {
            FaultTable.Add(new FaultRow(name, On, null, 0, null));
            await TestContext.Out.WriteLineAsync(Outputs());
        }

        await Writer.DisposeAsync();
        foreach (var relay in relays) await relay.DisposeAsync();
        if (reader is not null) await reader.DisposeAsync();
    }

    private string Lacking(IReadOnlyDictionary<string, long> versions)
    {
        var behind = versions.Where(key => Reader.Highest(key.Key) < key.Value).ToList();
        if (behind.Count == 0) return "each key's last event is there";
        var some = behind.Take(5).Select(key => $"{key.Key} at {Reader.Highest(key.Key)} of {key.Value}");
        return $"{behind.Count} keys are behind: {string.Join(", ", some)}; {Reader.Describe()}";
    }

    private async Task<string> ReadyAsync()
    {
        var pages = await Task.WhenAll(relays.SelectMany(relay => (Task<string>[])[relay.ReadyzAsync(), relay.MetricsAsync()]));
        var lines = pages.SelectMany(page => page.Split('\n'));
        return string.Join('\n', lines.Where(line => !line.StartsWith('#') && !line.EndsWith(" 0", StringComparison.Ordinal)));
    }

    private string Outputs() => string.Join(
        "\n", relays.Select((relay, i) => $"--- relay {i + 1}:\n{relay.Output}"));
}
