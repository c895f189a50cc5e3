namespace Sidecar.Agent.Subscriptions;

/// <summary>One setting in force.</summary>
/// <param name="Setting">Its full name: a field of the process, or <c>subscription.name.field</c>.</param>
/// <param name="Value">Its value as an operator would write it; redacted where it is a secret, empty where it is not
/// set.</param>
/// <param name="Origin">Where the value comes from.</param>
public sealed record ConfigurationLine(string Setting, string Value, Origin Origin);

/// <summary>A configuration without errors.</summary>
/// <param name="Options">What is in force.</param>
/// <param name="Lines">The same, setting by setting, with the origin of each.</param>
public sealed record ResolvedConfiguration(AgentOptions Options, IReadOnlyList<ConfigurationLine> Lines);

/// <summary>What became of the sources: a configuration, or everything that is wrong with them.</summary>
/// <param name="Resolved">Null exactly where there are errors.</param>
/// <param name="Errors">All errors.</param>
/// <param name="Warnings">What is odd and does no harm.</param>
public sealed record ConfigurationResult(
    ResolvedConfiguration? Resolved, IReadOnlyList<ConfigurationError> Errors, IReadOnlyList<string> Warnings)
{
    /// <summary>What is right of it, with defaults for the rest: for those who must act though there are errors.</summary>
    public AgentOptions Attempted { get; init; } = new();
}
