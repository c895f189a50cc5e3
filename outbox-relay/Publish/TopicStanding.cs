namespace Sidecar.OutboxRelay.Publish;

/// <summary>How a topic stands in Kafka. A closed set.</summary>
public enum TopicStanding
{
    /// <summary>It can be written.</summary>
    Ready,

    /// <summary>It cannot be written now; the reason says why.</summary>
    Waits,

    /// <summary>Kafka did not answer.</summary>
    NoAnswer,
}
