using System.Text;
using Confluent.Kafka;
using Grpc.Core;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Processes;

namespace Sidecar.Charts.Tests.Monitoring;

/// <summary>
/// Both programs with one of each trouble that a dashboard shows: a subscription that goes well, one that is paused, one whose
/// application hangs, one whose events wait in a retry topic, one whose events are rejected; a relay that works and one whose
/// database is away; and an edit of the annotations that is wrong.
/// </summary>
internal sealed class TroubledLine : IAsyncDisposable
{
    private const int Partitions = 2;
    private const int Events = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string[] Names = ["well", "paused", "hanging", "failing", "rejected"];

    // Variables of the test run, which the agent would warn of.
    private static readonly Dictionary<string, string?> NotTheAgents = new() { ["SIDECAR_PUBLISHED"] = null, ["SIDECAR_FULL"] = null };

    private readonly string run = SharedKafka.NewTopic("panels");
    private readonly string annotations = Path.GetTempFileName();
    private readonly Dictionary<string, MisbehavingApp> apps = [];
    private readonly List<ProgramProcess> programs = [];

    /// <summary>The ports of the programs' metrics.</summary>
    public IReadOnlyList<int> MetricsPorts { get; } = Ports.Free(3);

    public static async Task<TroubledLine> StartAsync()
    {
        var kafka = await SharedKafka.GetRealAsync();
        var postgres = await SharedPostgres.GetAsync();
        var line = new TroubledLine();
        foreach (var name in Names)
        {
            await kafka.CreateTopicAsync(line.Topic(name), Partitions);
            var app = line.apps[name] = await MisbehavingApp.StartAsync();
            app.Handler = name switch
            {
                "hanging" => Answers.Hang(),
                "failing" => Answers.Status(StatusCode.Internal, "no"),
                "rejected" => Answers.Status(StatusCode.InvalidArgument, "never"),
                _ => Answers.Ok(),
            };
        }

        foreach (var topic in (string[])[$"{line.run}.failing.retry.1h", $"{line.run}.rejected.dlq"])
        {
            await kafka.CreateTopicAsync(topic, Partitions);
        }

        await line.RelaysAsync(kafka, await postgres.NewDatabaseAsync("panels"));
        await line.AgentAsync(kafka);
        line.Produce(kafka);
        return line;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var program in programs) await program.DisposeAsync();
        foreach (var app in apps.Values) await app.DisposeAsync();
        File.Delete(annotations);
    }

    private string Topic(string name) => $"{run}.{name}";

    private async Task RelaysAsync(KafkaServer kafka, string database)
    {
        await using (var init = ProgramProcess.Start(Programs.OutboxRelay, ["init", "--apply", "--postgres", database]))
        {
            Assert.That(await init.WaitForExitAsync(Patience), Is.Zero, init.Output);
        }

        await Sql.ExecuteAsync(database,
            $"SELECT outbox.publish('{Topic("well")}', 'key-' || n, 'x'::bytea) FROM generate_series(1, {Events}) AS n");
        programs.Add(Relay(kafka, database, MetricsPorts[1]));
        programs.Add(Relay(kafka, $"Host=127.0.0.1;Port={Ports.Free()};Username=relay;Database=away", MetricsPorts[2]));
    }

    private static ProgramProcess Relay(KafkaServer kafka, string database, int port) => ProgramProcess.Start(Programs.OutboxRelay,
        ["run", "--postgres", database, "--bootstrap-servers", kafka.BootstrapServers, "--metrics-port", $"{port}"]);

    private async Task AgentAsync(KafkaServer kafka)
    {
        await File.WriteAllLinesAsync(annotations, Lines());
        var agent = ProgramProcess.Start(Programs.Agent,
        [
            "run", "--annotations", annotations, "--bootstrap-servers", kafka.BootstrapServers, "--group", run,
            "--metrics-port", $"{MetricsPorts[0]}", "--admin-port", $"{Ports.Free()}",
        ], NotTheAgents);
        programs.Add(agent);
        await agent.WaitForLineAsync("is live", Patience);
        await File.WriteAllLinesAsync(annotations, Lines().Append("sidecar.events/subscription.well.concurrency=\"lots\""));
        await agent.WaitForLineAsync("the last good one stays in force", Patience);
    }

    private IEnumerable<string> Lines() => Names.Select(name =>
        $"sidecar.events/subscription.{name}=\"{Topic(name)}; app-address={apps[name].Address}{name switch
        {
            "paused" => "; paused=by hand",
            "failing" => "; attempts=1; retries=1h",
            "rejected" => "; on-exhausted=dead-letter",
            _ => "",
        }}\"");

    private void Produce(KafkaServer kafka)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig(kafka.Client())).Build();
        foreach (var name in Names)
        {
            for (var i = 0; i < Events; i++)
            {
                producer.Produce(Topic(name), new Message<byte[], byte[]>
                {
                    Key = Encoding.UTF8.GetBytes($"key-{i}"), Value = "x"u8.ToArray(),
                });
            }
        }

        producer.Flush(Patience);
    }
}
