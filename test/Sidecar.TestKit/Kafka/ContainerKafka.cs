using DotNet.Testcontainers.Builders;
using Testcontainers.Kafka;

namespace Sidecar.TestKit.Kafka;

/// <summary>Apache Kafka in a container, one broker, where a Docker engine answers.</summary>
public sealed class ContainerKafka : KafkaServer
{
    /// <summary>The image; <c>KAFKA_IMAGE</c> names another one.</summary>
    public const string DefaultImage = "apache/kafka:4.3.1";

    /// <summary>How long the image may take to be pulled and the broker to come up.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    private readonly KafkaContainer container;

    private ContainerKafka(KafkaContainer container, string image)
    {
        this.container = container;
        Name = $"{image}, 1 broker (Testcontainers)";
    }

    public override string Name { get; }

    public override string BootstrapServers => container.GetBootstrapAddress();

    /// <summary>Starts the container, or says why it cannot: no engine, or no image.</summary>
    public static async Task<KafkaStart> TryStartAsync()
    {
        var image = Environment.GetEnvironmentVariable("KAFKA_IMAGE") is { Length: > 0 } named ? named : DefaultImage;
        using var timeout = new CancellationTokenSource(StartTimeout, TimeProvider.System);
        KafkaContainer? started = null;
        try
        {
            started = new KafkaBuilder(image).Build();
            await started.StartAsync(timeout.Token);
            return new KafkaStart(new ContainerKafka(started, image), "");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            if (started is not null) await started.DisposeAsync();
            var reason = e is DockerUnavailableException
                ? "no Docker engine answers"
                : $"no container of {image}: {FirstLine(e)}";
            return new KafkaStart(
                null, $"no real Kafka: KAFKA_BOOTSTRAP_SERVERS and KAFKA_HOME are not set, and {reason}");
        }
    }

    public override ValueTask DisposeAsync() => container.DisposeAsync();

    private static string FirstLine(Exception e) => e.Message.Split('\n')[0].Trim();
}
