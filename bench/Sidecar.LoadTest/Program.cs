using System.Globalization;
using Sidecar.LoadTest;
using Sidecar.LoadTest.Postgres;
using Sidecar.LoadTest.Trouble;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

const string Usage = """
    loadtest agent [options]    drains a topic through the agent into a light consumer       (default 400,000 events)
    loadtest relay [options]    drains a SQLite outbox through the relay into Kafka            (default 200,000 rows)
    loadtest relay --store postgres [options]    drain, live, writers, idle and size on PostgreSQL
    loadtest trouble [options]  an agent whose application is away, overloaded, failing, refusing, or all of it at random

      --events N, --rows N      how many
      --keys N                  1,000            --partitions N    4            --value-bytes N    1,024
      --concurrency N           64 deliveries in flight at most (agent)
      --unix-socket             the application listens on a Unix socket (agent)
      --typed                   a typed method instead of the generic contract (agent)
      --subscription FIELDS     more fields of the subscription: "window=20000; ordering=none" (agent)
      --published DIR           the programs that eng/publish made; otherwise SIDECAR_PUBLISHED, otherwise the JIT
      --results DIR             writes the result there as markdown too

    On PostgreSQL (of POSTGRES_HOME, else Debian's), instead of those above but for the last two:

      --parts A,B               drain,live,writers,idle,size
      --mode table|wal          how the relay reads          --server N    the major version, where there are several
      --rows N                  200,000 to drain             --keys N, --partitions N, --value-bytes N    as above
      --live-rate N             500 rows/s                   --live-seconds N     20
      --writer-rate N           3,000 rows/s                 --connections N      16
      --rounds N                4 by turns                   --round-seconds N    8
      --idle-seconds N          30
      --size-seconds N          240                          --long-seconds N     60
      --rows-per-transaction N    10
      --relay-arguments "..."   further arguments of the relay

    In trouble, instead of those above but for --published and --results:

      --parts A,B               outage,workers,failing,refused,random
      --outage-seconds N        600                          --outage-events N    100,000
      --events N                300,000 of failing and refused
      --random-events N         200,000                      --seed N             1

    Kafka: KAFKA_BOOTSTRAP_SERVERS, else KAFKA_HOME, else Docker, else librdkafka's mock cluster.
    """;

if (args is ["consumer", var address, var events, var keys])
    return await LightConsumer.RunAsync(
        address, int.Parse(events, CultureInfo.InvariantCulture), int.Parse(keys, CultureInfo.InvariantCulture));
if (args is not ["agent" or "relay" or "trouble", ..])
{
    Console.Error.WriteLine(Usage);
    return 2;
}

if (args is ["relay", ..] && args.Contains("postgres"))
{
    var (ofPostgres, wrong) = PgLoadOptions.Parse(args[1..]);
    if (ofPostgres is null)
    {
        Console.Error.WriteLine($"loadtest: {wrong}\n\n{Usage}");
        return 2;
    }

    WarnOfJit(Programs.OutboxRelay);
    await using var running = await StartKafkaAsync();
    return await PostgresRun.RunAsync(ofPostgres, running) ? 0 : 1;
}

if (args[0] == "trouble")
{
    var (ofTrouble, wrong) = TroubleOptions.Parse(args[1..]);
    if (ofTrouble is null)
    {
        Console.Error.WriteLine($"loadtest: {wrong}\n\n{Usage}");
        return 2;
    }

    WarnOfJit(Programs.Agent);
    await using var running = await StartKafkaAsync();
    return await TroubleRun.RunAsync(ofTrouble, running) ? 0 : 1;
}

var isAgent = args[0] == "agent";
var (options, error) = LoadOptions.Parse(args[1..], isAgent ? 400_000 : 200_000);
if (options is null)
{
    Console.Error.WriteLine($"loadtest: {error}\n\n{Usage}");
    return 2;
}

WarnOfJit(isAgent ? Programs.Agent : Programs.OutboxRelay);
await using var kafka = await StartKafkaAsync();
Console.Error.WriteLine($"loadtest: {kafka.Name}");
var report = isAgent ? await AgentRun.RunAsync(options, kafka) : await RelayRun.RunAsync(options, kafka);
Console.WriteLine(report.ToText());
if (options.Results is { } folder)
{
    Directory.CreateDirectory(folder);
    var file = Path.Combine(folder, $"{report.Subject}.md");
    await File.WriteAllTextAsync(file, report.ToMarkdown());
    Console.Error.WriteLine($"loadtest: {file}");
}

return report.Table.IsRight ? 0 : 1;

static void WarnOfJit(ProgramPath program)
{
    if (!program.IsPublished)
        Console.Error.WriteLine("loadtest: warning: no published programs given, so this is the JIT (see --published)");
}

// A broker that is measured against has the heap and the compiler of a real one.
static async Task<KafkaServer> StartKafkaAsync() =>
    Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP_SERVERS") is null or ""
    && Environment.GetEnvironmentVariable("KAFKA_HOME") is { Length: > 0 } home
        ? await LocalKafka.StartAsync(home, new LocalKafkaOptions { HeapMegabytes = 1_024, QuickStart = false })
        : await KafkaServer.StartAsync();
