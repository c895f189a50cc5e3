using System.CommandLine;
using Sidecar.OutboxRelay.Hosting;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>The commands and their flags. Every error of usage or configuration ends with 2 and stands last on stderr.</summary>
public static class CommandLine
{
    /// <summary>The exit code for wrong flags or settings.</summary>
    public const int WrongUsage = 2;

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
        };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return Refuse(parsed.Errors.Select(error => error.Message));
        }

        // The relay stops on SIGTERM by itself, in order; the library must not cut it short.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    /// <summary>Prints what is wrong, each on its line, and answers with the exit code.</summary>
    internal static int Refuse(IEnumerable<string> errors)
    {
        foreach (var error in errors)
        {
            Console.Error.WriteLine($"outbox-relay: {error}");
        }

        return WrongUsage;
    }

    /// <summary>Gives a command the settings' flags, and runs the action once they are read without an error.</summary>
    internal static void Bind(
        Command command, IReadOnlyList<Setting> settings, IReadOnlyList<string> required,
        Func<ParseResult, ProgramOptions, Task<int>> action)
    {
        var flags = settings.ToDictionary(setting => setting, Flag);
        foreach (var flag in flags.Values)
        {
            command.Add(flag);
        }

        command.SetAction((parsed, _) =>
        {
            var (options, errors) = Settings.Read(
                settings, required, setting => parsed.GetValue(flags[setting]), Environment.GetEnvironmentVariable);
            return errors.Count > 0 ? Task.FromResult(Refuse(errors)) : action(parsed, options);
        });
    }

    private static Option<string?> Flag(Setting setting) => new(setting.Flag)
    {
        Description = $"{setting.Help} [{setting.Variable}{(setting.Default is null ? "" : $"; default: {setting.Default}")}]",
        HelpName = "value",
    };
}
