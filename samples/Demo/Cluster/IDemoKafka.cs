namespace Sidecar.Demo.Cluster;

/// <summary>The Kafka that the demo runs on, with a topic made for this run.</summary>
internal interface IDemoKafka : IAsyncDisposable
{
    string Description { get; }

    string BootstrapServers { get; }

    string Topic { get; }

    /// <summary>Unique where others may use the same cluster.</summary>
    string Service { get; }
}
