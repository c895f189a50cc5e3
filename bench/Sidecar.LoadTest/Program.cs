using System.Globalization;
using Sidecar.LoadTest;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

const string Usage = """
    loadtest agent [options]    drains a topic through the agent into a light consumer       (default 400,000 events)
    loadtest relay [options]    drains a SQLite outbox through the relay into Kafka            (default 200,000 rows)

      --events N, --rows N      how many
      --keys N                  1,000            --partitions N    4            --value-bytes N    1,024
      --concurrency N           64 deliveries in flight at most (agent)
      --unix-socket             the application listens on a Unix socket (agent)
      --typed                   a typed method instead of the generic contract (agent)
      --subscription FIELDS     more fields of the subscription: "window=20000; ordering=none" (agent)
      --published DIR           the programs that eng/publish made; otherwise SIDECAR_PUBLISHED, otherwise the JIT
      --results DIR             writes the result there as markdown too

    Kafka: KAFKA_BOOTSTRAP_SERVERS, else KAFKA_HOME, else Docker, else librdkafka's mock cluster.
    """;

if (args is ["consumer", var address, var events, var keys])
    return await LightConsumer.RunAsync(
        address, int.Parse(events, CultureInfo.InvariantCulture), int.Parse(keys, CultureInfo.InvariantCulture));
if (args is not ["agent" or "relay", ..])
{
    Console.Error.WriteLine(Usage);
    return 2;
}

var isAgent = args[0] == "agent";
var (options, error) = LoadOptions.Parse(args[1..], isAgent ? 400_000 : 200_000);
if (options is null)
{
    Console.Error.WriteLine($"loadtest: {error}\n\n{Usage}");
    return 2;
}

if (!Programs.Agent.IsPublished)
    Console.Error.WriteLine("loadtest: warning: no published programs given, so this is the JIT (see --published)");
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

// A broker that is measured against has the heap and the compiler of a real one.
static async Task<KafkaServer> StartKafkaAsync() =>
    Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP_SERVERS") is null or ""
    && Environment.GetEnvironmentVariable("KAFKA_HOME") is { Length: > 0 } home
        ? await LocalKafka.StartAsync(home, new LocalKafkaOptions { HeapMegabytes = 1_024, QuickStart = false })
        : await KafkaServer.StartAsync();
