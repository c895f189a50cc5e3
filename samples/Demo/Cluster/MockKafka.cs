using Confluent.Kafka;

namespace Sidecar.Demo.Cluster;

/// <summary>
/// librdkafka's mock cluster in this process: real TCP on loopback, nothing on disk, gone with the process.
/// </summary>
internal sealed class MockKafka : IDemoKafka
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    private static readonly Dictionary<string, string> Configuration = new() { ["test.mock.num.brokers"] = "1" };

    private readonly IProducer<Null, Null> _owner;

    public MockKafka()
    {
        _owner = new ProducerBuilder<Null, Null>(Configuration).SetLogHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(_owner.Handle).Build();
        // Asking for the topic creates it.
        var metadata = admin.GetMetadata(Topic, AnswerTime);
        var broker = metadata.Brokers[0];
        BootstrapServers = $"{broker.Host}:{broker.Port}";
        Description = $"librdkafka's mock cluster, in this process, {BootstrapServers}";
    }

    public string Description { get; }

    public string BootstrapServers { get; }

    public string Topic => "orders.v1";

    public string Service => "orders-consumer";

    public ValueTask DisposeAsync()
    {
        _owner.Dispose();
        return ValueTask.CompletedTask;
    }
}
