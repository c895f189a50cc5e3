using System.CommandLine;
using Sidecar.OutboxRelay.Hosting;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>Gives the commands the flags of their settings, and refuses what is wrong.</summary>
internal static class Flags
{
    /// <summary>The exit code for wrong flags or settings.</summary>
    public const int WrongUsage = 2;

    /// <summary>Prints what is wrong, each on its line, and answers with the exit code.</summary>
    public static int Refuse(IEnumerable<string> errors)
    {
        foreach (var error in errors)
        {
            Console.Error.WriteLine($"outbox-relay: {error}");
        }

        return WrongUsage;
    }

    /// <summary>Gives a command the settings' flags, and runs the action once they are read without an error.</summary>
    public static void Bind(
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
        Description = setting.Default is null
            ? $"{setting.Help} [{setting.Variable}]"
            : $"{setting.Help} [{setting.Variable}; default: {setting.Default}]",
        HelpName = "value",
    };
}
