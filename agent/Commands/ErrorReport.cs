using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Commands;

/// <summary>
/// Says on standard error what is wrong: one line that counts, then one line each. Nothing is written behind it.
/// </summary>
public static class ErrorReport
{
    /// <summary>Writes the warnings, then the errors.</summary>
    public static void Write(TextWriter output, ConfigurationResult result)
    {
        foreach (var warning in result.Warnings)
        {
            output.WriteLine($"agent: warning: {warning}");
        }

        Write(output, "in the configuration", result.Errors.Select(error => error.ToString()).ToList());
    }

    /// <summary>Writes a heading that counts, and the lines.</summary>
    public static void Write(TextWriter output, string where, IReadOnlyList<string> errors)
    {
        output.WriteLine($"agent: {errors.Count} error{(errors.Count == 1 ? "" : "s")} {where}, nothing was started:");
        foreach (var error in errors)
        {
            output.WriteLine($"  {error}");
        }
    }
}
