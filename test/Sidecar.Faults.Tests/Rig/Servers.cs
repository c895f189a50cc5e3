using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>
/// The servers of a run: one cluster of three brokers, and a PostgreSQL of each end. Each scenario has a database and a
/// topic of its own, and leaves the servers as it found them.
/// </summary>
internal static class Servers
{
    private static readonly SemaphoreSlim OneAtATime = new(1, 1);
    private static LocalKafka? kafka;

    /// <summary>Three brokers, each its own controller. Topics are made by hand.</summary>
    public static async Task<LocalKafka> KafkaAsync()
    {
        await OneAtATime.WaitAsync();
        try
        {
            if (kafka is not null) return kafka;
            kafka = await LocalKafka.StartAsync(KafkaHome(), new LocalKafkaOptions
            {
                Brokers = 3,
                Properties = ["auto.create.topics.enable=false"],
            });
            await TestContext.Progress.WriteLineAsync($"Tests run against {kafka.Name}.");
            return kafka;
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    /// <summary>
    /// One broker for one scenario, on which access can be denied: everybody may do what no access list speaks of. One,
    /// since the brokers of a cluster could not elect a controller so: they, too, are nobody in particular.
    /// </summary>
    public static Task<LocalKafka> GuardedKafkaAsync() => LocalKafka.StartAsync(KafkaHome(), new LocalKafkaOptions
    {
        Properties =
        [
            "auto.create.topics.enable=false",
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found=true",
        ],
    });

    /// <summary>The shared server of an end. Where there is none that can be broken, the test is skipped.</summary>
    public static async Task<LocalPostgres> PostgresAsync(PostgresEnd end)
    {
        SharedPostgres.Breakable(end);
        return (LocalPostgres)await SharedPostgres.GetAsync(end);
    }

    private static string KafkaHome()
    {
        var home = Environment.GetEnvironmentVariable("KAFKA_HOME");
        if (string.IsNullOrEmpty(home)) Assert.Ignore("brokers can be broken only where KAFKA_HOME is set");
        return home!;
    }

    public static async Task StopAsync()
    {
        if (kafka is not null) await kafka.DisposeAsync();
        kafka = null;
        await SharedPostgres.StopAsync();
    }
}
