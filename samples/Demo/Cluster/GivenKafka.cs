using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Sidecar.Demo.Cluster;

/// <summary>
/// A cluster that was there before (KAFKA_BOOTSTRAP_SERVERS): names of this run alone, removed at the end.
/// </summary>
internal sealed class GivenKafka : IDemoKafka
{
    private const int Partitions = 4;
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(20);

    private readonly IAdminClient _admin;
    private readonly bool _keep;
    private readonly string _run = Guid.NewGuid().ToString("N")[..8];

    private GivenKafka(string bootstrapServers, bool keep)
    {
        BootstrapServers = bootstrapServers;
        _keep = keep;
        _admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrapServers })
            // The calls themselves say what failed; the client would say it again on the terminal.
            .SetLogHandler((_, _) => { })
            .Build();
    }

    public string Description => $"the cluster at {BootstrapServers}";

    public string BootstrapServers { get; }

    public string Topic => $"demo-{_run}.orders.v1";

    public string Service => $"orders-{_run}";

    /// <exception cref="DemoFailedException">The cluster does not answer, or refuses to make the topic.</exception>
    public static async Task<GivenKafka> StartAsync(string bootstrapServers, bool keep)
    {
        var kafka = new GivenKafka(bootstrapServers, keep);
        try
        {
            var topic = new TopicSpecification
            {
                Name = kafka.Topic,
                NumPartitions = Partitions,
                ReplicationFactor = -1, // the cluster's own default
            };
            await kafka._admin.CreateTopicsAsync(
                [topic], new CreateTopicsOptions { RequestTimeout = AnswerTime, OperationTimeout = AnswerTime });
            return kafka;
        }
        catch (KafkaException error)
        {
            kafka._admin.Dispose();
            throw new DemoFailedException(
                $"The topic {kafka.Topic} could not be made on {bootstrapServers} (KAFKA_BOOTSTRAP_SERVERS): " +
                error.Error.Reason);
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_keep)
            {
                await _admin.DeleteTopicsAsync([Topic], new DeleteTopicsOptions { RequestTimeout = AnswerTime });
                await _admin.DeleteGroupsAsync(
                    [$"demo.{Service}"], new DeleteGroupsOptions { RequestTimeout = AnswerTime });
            }
        }
        catch (KafkaException error)
        {
            await Console.Error.WriteLineAsync(
                $"Left behind on the cluster: topic {Topic}, group demo.{Service} ({error.Error.Reason})");
        }
        finally
        {
            _admin.Dispose();
        }
    }
}
