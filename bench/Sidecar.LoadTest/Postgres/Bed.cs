using Npgsql;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Processes;

namespace Sidecar.LoadTest.Postgres;

/// <summary>What a part runs on: a server of its own with a new outbox, and a new topic of the shared Kafka.</summary>
internal sealed class Bed : IAsyncDisposable
{
    private static readonly TimeSpan InitTimeout = TimeSpan.FromSeconds(30);

    private readonly PgLoadOptions options;
    private readonly KafkaServer kafka;
    private readonly LocalPostgres server;

    private Bed(PgLoadOptions options, KafkaServer kafka, LocalPostgres server, string database, string topic)
    {
        (this.options, this.kafka, this.server) = (options, kafka, server);
        (Database, Topic) = (database, topic);
    }

    /// <summary>The settings of the server that are not its own defaults.</summary>
    public static IReadOnlyList<string> ServerSettings(string mode) =>
    [
        "shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min",
        $"wal_level={(mode == "wal" ? "logical" : "replica")}",
    ];

    public string Database { get; }

    public string Topic { get; }

    public int Postmaster => server.ProcessId;

    /// <summary>Starts the server and makes the outbox in a database of its own, and the topic.</summary>
    /// <param name="options">What is measured.</param>
    /// <param name="kafka">The running Kafka.</param>
    /// <param name="distribution">The server's programs.</param>
    /// <param name="settings">Further settings of the server.</param>
    public static async Task<Bed> MakeAsync(
        PgLoadOptions options, KafkaServer kafka, PostgresDistribution distribution, params string[] settings)
    {
        var started = await LocalPostgres.StartAsync(distribution, new LocalPostgresOptions
        {
            Durable = true, Settings = [.. ServerSettings(options.Mode), .. settings],
        });
        try
        {
            var database = await started.NewDatabaseAsync("load");
            await using var init = ProgramProcess.Start(Programs.OutboxRelay, ["init", "--apply", "--postgres", database]);
            if (await init.WaitForExitAsync(InitTimeout) != 0) throw new InvalidOperationException(init.Output);
            var topic = SharedKafka.NewTopic("relayed");
            await kafka.CreateTopicAsync(topic, options.Partitions);
            return new Bed(options, kafka, started, database, topic);
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    public Task<NpgsqlConnection> OpenAsync() => Sql.OpenAsync(Database);

    public async Task<Started> StartRelayAsync()
    {
        string[] mode = options.Mode == "table" ? [] : ["--mode", options.Mode];
        var relay = await Started.StartAsync(
            Programs.OutboxRelay,
            ["run", "--postgres", Database, "--bootstrap-servers", kafka.BootstrapServers, .. mode, .. options.RelayArguments],
            new Dictionary<string, string?>(), "outbox_");
        await relay.ReadyAsync();
        return relay;
    }

    public Reader Read(Account account) => new(kafka, Topic, options.Partitions, account);

    /// <summary>Waits until Kafka has so many rows, without reading them; the answer is the seconds that it took.</summary>
    public Task<double> DrainedAsync(int rows, Started relay) =>
        Drained.SecondsAsync(kafka, Topic, options.Partitions, rows, relay);

    public Writers Write(Account account) => new(Database, Topic, account, options.ValueBytes);

    /// <summary>The server's processes that work for relays.</summary>
    public static async Task<IReadOnlyList<int>> RelayBackendsAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'outbox-relay%'", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var found = new List<int>();
        while (await reader.ReadAsync()) found.Add(reader.GetInt32(0));
        return found;
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
