using Sidecar.Credentials;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>How rows become Kafka records.</summary>
public sealed class PublishOptions
{
    /// <summary>Brokers to begin with, <c>host:port</c>, separated by commas.</summary>
    public string BootstrapServers { get; set; } = "";

    /// <summary>How clients authenticate themselves.</summary>
    public SecurityOptions Security { get; } = new();

    /// <summary>The value of <c>ce_source</c> where a row has none; null: <c>/outbox/UUID</c>.</summary>
    public string? Source { get; set; }

    /// <summary>
    /// The largest record, in bytes as Kafka counts a batch of one (<c>max.message.bytes</c>); a larger one is held.
    /// 1 KiB to 64 MiB. The default is Kafka's own.
    /// </summary>
    public int MaxMessageBytes { get; set; } = 1024 * 1024 + 12;

    /// <summary>What becomes of the key of a refused row; the same as the store's.</summary>
    public OnRefused OnRefused { get; set; } = OnRefused.Hold;

    /// <summary>The longest that a stopping relay waits for what is in the producer. 0 to 1 min.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(3);
}
