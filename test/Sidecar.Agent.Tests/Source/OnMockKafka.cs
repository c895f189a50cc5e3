using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;
using Sidecar.Agent.Source;
using Sidecar.Agent.Telemetry;
using Sidecar.Credentials;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Agent.Tests.Source;

/// <summary>What a reader of Kafka is made with, for librdkafka's mock cluster.</summary>
internal static class OnMockKafka
{
    public static Keyring Keyring => Keyring.Open(new SecurityOptions()).Keyring!;

    public static KafkaConnection Connection(KafkaServer kafka) => new(
        new SourceOptions { BootstrapServers = kafka.BootstrapServers, Group = "g", SessionTimeout = TimeSpan.FromSeconds(4) }, Keyring);

    /// <summary>Nobody hears it.</summary>
    public static AgentTelemetry Telemetry()
    {
        var (metrics, time) = (new AgentMetrics(Metrics.NewCustomRegistry()), TimeProvider.System);
        return new AgentTelemetry(
            metrics, new Waits(NullLogger<Waits>.Instance, metrics.Waiting), new Heartbeat(metrics.LastTick.WithLabels("x"), time),
            NullLoggerFactory.Instance, time);
    }
}
