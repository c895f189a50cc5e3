namespace Sidecar.TestKit.Kafka;

/// <summary>The cluster that <c>KAFKA_BOOTSTRAP_SERVERS</c> names: neither started nor stopped here.</summary>
public sealed class AddressedKafka(string bootstrapServers) : KafkaServer
{
    public override string Name => $"Kafka at {bootstrapServers} (KAFKA_BOOTSTRAP_SERVERS)";

    public override string BootstrapServers => bootstrapServers;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
