using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.DeadLetter;

/// <summary>What became of a record that was produced. A closed set.</summary>
public enum ProduceEnd
{
    /// <summary>Every replica in sync has it.</summary>
    Acknowledged,

    /// <summary>The topic does not take a record of this size.</summary>
    TooLarge,

    /// <summary>There is no such topic.</summary>
    NoTopic,

    /// <summary>It may succeed another time.</summary>
    Failed,
}

/// <summary>How a produce or a request ended.</summary>
/// <param name="End">How.</param>
/// <param name="Reason">Why, for people; empty where it is acknowledged.</param>
public readonly record struct ProduceOutcome(ProduceEnd End, string Reason)
{
    /// <summary>The offset of what is acknowledged; negative: not known.</summary>
    public long Offset { get; init; } = -1;
}

/// <summary>
/// The boundary to Kafka for dead letters and resends. It never throws for anything that Kafka can do; an exception from it is a bug.
/// </summary>
public interface IDeadLetterProducer
{
    /// <summary>Produces the dead letter of a record; ends with Kafka's answer. The record must live until then.</summary>
    Task<ProduceOutcome> SendAsync(EventRecord record, LetterAddress address, Provenance provenance, LetterDetail detail);

    /// <summary>
    /// Produces the copy of a record that waits in a retry topic, into the partition of the same number; ends with Kafka's
    /// answer. The record must live until then.
    /// </summary>
    Task<ProduceOutcome> ResendAsync(EventRecord record, LetterAddress address, Resend resend);

    /// <summary>Looks for a topic of ours and creates it where it is absent and that is allowed. Null: it is there.</summary>
    Task<string?> EnsureTopicAsync(string topic, bool mayCreate);
}
