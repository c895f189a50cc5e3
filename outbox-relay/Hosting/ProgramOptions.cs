namespace Sidecar.OutboxRelay.Hosting;

/// <summary>Everything that can be set, after flags and variables were read.</summary>
public sealed class ProgramOptions
{
    public RelayOptions Relay { get; } = new();

    public HostingOptions Hosting { get; } = new();

    /// <summary>
    /// The service whose outbox this is; with the namespace it makes the default of <c>ce_source</c>.
    /// </summary>
    public string? Service { get; set; }

    /// <summary>The namespace that the service runs in.</summary>
    public string? Namespace { get; set; }
}
