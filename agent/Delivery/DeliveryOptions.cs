namespace Sidecar.Agent.Delivery;

/// <summary>What stands before the message in a record's value.</summary>
public enum Framing
{
    /// <summary>Nothing: the value is the message.</summary>
    None,

    /// <summary>The Schema Registry's prefix (magic byte, id, message indexes); taken off before a typed call.</summary>
    Confluent,
}

/// <summary>What becomes of an event that was rejected or has used up its attempts.</summary>
public enum OnExhausted
{
    /// <summary>The partition stands at the event, with the reason, until someone acts.</summary>
    Stop,

    /// <summary>The event's key waits behind it, other keys go on within the partition's window.</summary>
    Park,

    /// <summary>The event goes to the dead-letter topic, and is done when Kafka has acknowledged that.</summary>
    DeadLetter,
}

/// <summary>What becomes of an event that is older than <see cref="DeliveryOptions.MaxAge"/>.</summary>
public enum OnExpired
{
    /// <summary>It is done, and counted.</summary>
    Skip,

    /// <summary>The event goes to the dead-letter topic, and is done when Kafka has acknowledged that.</summary>
    DeadLetter,
}

/// <summary>How the events of one subscription are delivered.</summary>
public sealed class DeliveryOptions
{
    /// <summary>Where the application listens: <c>host:port</c> on this machine or <c>unix:/path</c>.</summary>
    public string AppAddress { get; set; } = "127.0.0.1:50051";

    /// <summary>The full name of a typed method, <c>/package.Service/Method</c>; null: the generic contract.</summary>
    public string? Method { get; set; }

    /// <summary>What stands before the message in the value. Only with <see cref="Method"/>.</summary>
    public Framing Framing { get; set; } = Framing.None;

    /// <summary>The longest that one attempt may take. 10 ms to 1 h.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The deadline to which a handler may extend its own, and which its call carries. <see cref="Deadline"/> to 24 h;
    /// null: it may not.
    /// </summary>
    public TimeSpan? MaxDeadline { get; set; }

    /// <summary>Attempts that an event gets before <see cref="OnExhausted"/>. 1 to 100.</summary>
    public int Attempts { get; set; } = 8;

    /// <summary>The shortest pause between two attempts. 1 ms to <see cref="BackoffMax"/>.</summary>
    public TimeSpan BackoffMin { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest pause between two attempts, also where the application asks for more. Up to 1 h.</summary>
    public TimeSpan BackoffMax { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long an event is held, in sum, because the application answers UNAVAILABLE, before that counts as an attempt.
    /// 0 to 24 h.
    /// </summary>
    public TimeSpan MaxHold { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Retries for each hundred first attempts; beyond it they wait. 1 to 1,000; 0: no limit.</summary>
    public int RetryBudgetPercent { get; set; } = 20;

    /// <summary>What becomes of an event that was rejected or has used up its attempts.</summary>
    public OnExhausted OnExhausted { get; set; } = OnExhausted.Stop;

    /// <summary>
    /// The age of the oldest event that is delivered, from its record's timestamp to the moment when it would be sent.
    /// 1 s to 365 days; null: any.
    /// </summary>
    public TimeSpan? MaxAge { get; set; }

    /// <summary>What becomes of an event that is older.</summary>
    public OnExpired OnExpired { get; set; } = OnExpired.Skip;

    /// <summary>Events may end as dead letters.</summary>
    public bool WritesLetters =>
        OnExhausted == OnExhausted.DeadLetter || (MaxAge is not null && OnExpired == OnExpired.DeadLetter);

    /// <summary>The largest call that is sent, in bytes; a larger one ends as too large. 1 KiB to 512 MiB.</summary>
    public int MaxMessageBytes { get; set; } = 64 * 1024 * 1024;
}
