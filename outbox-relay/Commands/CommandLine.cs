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
            return Flags.Refuse(parsed.Errors.Select(error => error.Message));
        }

        // The relay stops on SIGTERM by itself, in order; the library must not cut it short.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }
}
