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

    /// <summary>Writes what is wrong with these flags. False: nothing is.</summary>
    internal static bool WriteMisuse(TextWriter output, ConfigurationResult result, params string[] flags)
    {
        var wrong = result.Errors
            .Where(problem => problem.Origin.Precedence == Precedence.Flag && flags.Contains(problem.Origin.Key))
            .Select(problem => problem.ToString()).ToList();
        if (wrong.Count > 0)
        {
            Write(output, "in the command line", wrong);
        }

        return wrong.Count > 0;
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
