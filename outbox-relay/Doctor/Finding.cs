namespace Sidecar.OutboxRelay.Doctor;

/// <summary>How much a finding matters. A closed set.</summary>
public enum Severity
{
    /// <summary>As it should be.</summary>
    Fine,

    /// <summary>It works; somebody may want to know.</summary>
    Warning,

    /// <summary>It does not work, or loses what it promises.</summary>
    Wrong,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Subject">What was looked at.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Text">What was found.</param>
/// <param name="Fix">What to change; null: nothing.</param>
public sealed record Finding(string Subject, Severity Severity, string Text, string? Fix = null)
{
    internal static Finding Fine(string subject, string text) => new(subject, Severity.Fine, text);

    internal static Finding Warn(string subject, string text, string? fix = null) => new(subject, Severity.Warning, text, fix);

    internal static Finding Bad(string subject, string text, string fix) => new(subject, Severity.Wrong, text, fix);
}
