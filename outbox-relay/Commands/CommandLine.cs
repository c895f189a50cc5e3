using System.CommandLine;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>
/// The commands and their flags. Every error of usage or configuration ends with 2 and stands last on stderr.
/// </summary>
public static class CommandLine
{
    /// <summary>Runs the command that the arguments name.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand(
            "Carries the rows of an application's outbox table to Kafka: in order per key, losing none.\n" +
            "A flag wins over its environment variable.")
        {
            InitCommand.Build(),
            RunCommand.Build(),
            StatusCommand.Build(),
            ParkedCommand.Build(),
            AlarmsCommand.Build(),
            ReplayCommand.Build(),
            DoctorCommand.Build(),
        };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return Flags.Refuse(parsed.Errors.Select(error => InWords(WithoutSecrets(error.Message, args))));
        }

        // The relay stops on SIGTERM by itself, in order; the library must not cut it short.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    /// <summary>
    /// A message in which an argument that may hold a password is cut down to its flag: the parser repeats what it does not
    /// know, and a mistyped <c>--postgres</c> has an address behind it.
    /// </summary>
    /// <param name="message">The parser's.</param>
    /// <param name="args">What was given.</param>
    internal static string WithoutSecrets(string message, IReadOnlyList<string> args)
    {
        foreach (var arg in args.Where(MayHoldPassword).OrderByDescending(arg => arg.Length))
        {
            var shown = arg.StartsWith('-') && arg.Split('=', 2) is [var flag, _] ? $"{flag}=..." : "...";
            message = message.Replace(arg, shown, StringComparison.Ordinal);
        }

        return message;
    }

    /// <summary>The parser names types of the program where it means a whole number.</summary>
    internal static string InWords(string message) => message
        .Replace("as expected type 'System.Int64'", "as a whole number", StringComparison.Ordinal)
        .Replace("as expected type 'System.Int32'", "as a whole number", StringComparison.Ordinal);

    private static bool MayHoldPassword(string arg) =>
        arg.Contains('@', StringComparison.Ordinal) ||
        arg.Contains("password", StringComparison.OrdinalIgnoreCase) ||
        arg.Contains("pwd", StringComparison.OrdinalIgnoreCase);
}
