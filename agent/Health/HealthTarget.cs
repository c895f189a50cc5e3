namespace Sidecar.Agent.Health;

/// <summary>How an application is asked whether it is well.</summary>
public enum HealthMode
{
    /// <summary>As it answers: grpc.health.v1 if it has it, otherwise whether something listens.</summary>
    Auto,

    /// <summary>By grpc.health.v1 alone: without it, the application is not well.</summary>
    Grpc,

    /// <summary>Whether something listens at its address.</summary>
    Tcp,

    /// <summary>Not at all.</summary>
    Off,
}

/// <summary>How to ask, and after what.</summary>
/// <param name="Mode">How.</param>
/// <param name="Service">The name that grpc.health.v1 is asked for; empty: the application as a whole.</param>
public readonly record struct HealthSetting(HealthMode Mode, string Service)
{
    /// <summary>Where none is given.</summary>
    public static HealthSetting Default { get; } = new(HealthMode.Auto, "");
}

/// <summary>One application that is asked. Subscriptions with the same one share what is found.</summary>
/// <param name="Address">Where it listens: <c>host:port</c> or <c>unix:/path</c>.</param>
/// <param name="Setting">How it is asked.</param>
internal sealed record HealthTarget(string Address, HealthSetting Setting);
