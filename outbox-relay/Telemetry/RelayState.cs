using Microsoft.Extensions.Logging;

namespace Sidecar.OutboxRelay.Telemetry;

/// <summary>What a relay can wait for.</summary>
public enum WaitingFor
{
    /// <summary>The database, its schema, or a writer that holds it.</summary>
    Database,

    /// <summary>A broker that answers.</summary>
    Kafka,

    /// <summary>The lease that another relay holds: this one stands by.</summary>
    Lease,

    /// <summary>Topics that do not exist or may not be written; rows of other topics go on.</summary>
    Topic,
}

/// <summary>
/// What the relay waits for, and whether its loop comes round. Each change is logged once and shows in the metrics and
/// in <c>/readyz</c>. Written by the relay's loop, read by the port; one lock.
/// </summary>
public sealed class RelayState(RelayMetrics metrics, TimeProvider time, ILogger<RelayState> log)
{
    private static readonly WaitingFor[] All = Enum.GetValues<WaitingFor>();

    private readonly Lock gate = new();
    private readonly string?[] reasons = new string?[All.Length];
    private long lastTick = time.GetTimestamp();

    /// <summary>
    /// The reasons in force, each as <c>what: sentence</c>; standing by for the lease is not among them.
    /// </summary>
    public IReadOnlyList<string> NotReady
    {
        get
        {
            lock (gate)
            {
                return [.. All.Where(what => what != WaitingFor.Lease && reasons[(int)what] is not null)
                    .Select(what => $"{Name(what)}: {reasons[(int)what]}")];
            }
        }
    }

    /// <summary>Another relay holds the lease; null: no.</summary>
    public string? StandsBy
    {
        get
        {
            lock (gate)
            {
                return reasons[(int)WaitingFor.Lease];
            }
        }
    }

    /// <summary>How long ago the loop last came round.</summary>
    public TimeSpan SinceTick => time.GetElapsedTime(Volatile.Read(ref lastTick));

    /// <summary>
    /// Makes every reason's series appear with 0, and starts with Kafka and the database still to be seen.
    /// </summary>
    public void Begin()
    {
        foreach (var what in All)
        {
            metrics.Waiting.WithLabels(Name(what)).Set(0);
        }

        Tick();
    }

    /// <summary>The loop came round.</summary>
    public void Tick()
    {
        Volatile.Write(ref lastTick, time.GetTimestamp());
        metrics.LastTick.Set(time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
    }

    /// <summary>Says that the relay waits, and why; logged only when it is new.</summary>
    public void Wait(WaitingFor what, string reason)
    {
        lock (gate)
        {
            if (reasons[(int)what] == reason)
            {
                return;
            }

            reasons[(int)what] = reason;
        }

        metrics.Waiting.WithLabels(Name(what)).Set(1);
        log.Waits(Name(what), reason);
    }

    /// <summary>Says that this is no longer waited for.</summary>
    public void Clear(WaitingFor what)
    {
        lock (gate)
        {
            if (reasons[(int)what] is null)
            {
                return;
            }

            reasons[(int)what] = null;
        }

        metrics.Waiting.WithLabels(Name(what)).Set(0);
        log.GoesOn(Name(what));
    }

    private static string Name(WaitingFor what) => what switch
    {
        WaitingFor.Database => "database",
        WaitingFor.Kafka => "kafka",
        WaitingFor.Lease => "lease",
        WaitingFor.Topic => "topic",
    };
}
