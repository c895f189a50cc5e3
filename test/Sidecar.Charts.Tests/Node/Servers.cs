using Npgsql;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Processes;

namespace Sidecar.Charts.Tests.Node;

/// <summary>Kafka and PostgreSQL on the node itself, where its pods reach them.</summary>
internal sealed class Servers : IAsyncDisposable
{
    /// <summary>More than three replicas, and no multiple of them.</summary>
    public const int Partitions = 8;

    private static readonly TimeSpan InitTimeout = TimeSpan.FromSeconds(30);

    private Servers(LocalKafka kafka, LocalPostgres postgres)
    {
        Kafka = kafka;
        Postgres = postgres;
    }

    public LocalKafka Kafka { get; }

    public LocalPostgres Postgres { get; }

    /// <summary>The connection string of a role, as pods use it.</summary>
    public string ConnectionString(string role) => new NpgsqlConnectionStringBuilder(Postgres.ConnectionString)
    {
        Host = NodeRig.Address, Username = role, MaxPoolSize = 20,
    }.ConnectionString;

    /// <summary>Starts both, with topics, the outbox and the service's tables. Skips where there is nothing to start.</summary>
    public static async Task<Servers> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is not { Length: > 0 } home)
        {
            Assert.Ignore("a Kafka that pods can reach is started only from KAFKA_HOME");
            return null!;
        }

        var kafka = await LocalKafka.StartAsync(home, new LocalKafkaOptions { Host = NodeRig.Address, QuickStart = false });
        var postgres = await LocalPostgres.StartAsync(
            SharedPostgres.Breakable(), new LocalPostgresOptions { Networks = [NodeRig.PodNetwork] });
        var servers = new Servers(kafka, postgres);
        await servers.PrepareAsync();
        return servers;
    }

    private async Task PrepareAsync()
    {
        foreach (var topic in (string[])["orders.v1", "payments.v1", "refunds.v1"]) await Kafka.CreateTopicAsync(topic, Partitions);
        await using var init = ProgramProcess.Start(
            Programs.OutboxRelay, ["init", "--apply", "--postgres", Postgres.ConnectionString]);
        Assert.That(await init.WaitForExitAsync(InitTimeout), Is.Zero, init.Output);
        await Postgres.ExecuteAsync(await File.ReadAllTextAsync(Repository.At("samples", "Orders.Service", "schema.sql")));
        await Postgres.ExecuteAsync("""
            CREATE ROLE orders LOGIN IN ROLE outbox_writer;
            CREATE ROLE relay LOGIN IN ROLE outbox_relay;
            GRANT SELECT, INSERT, UPDATE ON orders, received TO orders;
            CREATE TABLE placed(order_id TEXT NOT NULL, sequence INTEGER NOT NULL,
                                at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp());
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await Kafka.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}
