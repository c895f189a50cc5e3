using System.CommandLine;
using Sidecar.OutboxRelay.Hosting;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay.Commands;

/// <summary><c>outbox-relay init</c>: prints the schema, or applies it.</summary>
internal static class InitCommand
{
    public static Command Build()
    {
        var apply = new Option<bool>("--apply")
        {
            Description = "Apply the schema to --sqlite instead of printing it; may be run again at any time.",
        };
        var command = new Command("init", "Prints the outbox's schema, or applies it.") { apply };
        Flags.Bind(command, [Settings.Sqlite, Settings.BusyTimeout], [], (parsed, options) =>
            Task.FromResult(parsed.GetValue(apply) ? Apply(options.Relay.Store) : Print()));
        return command;
    }

    private static int Print()
    {
        Console.Out.Write(Schema.Sql);
        return 0;
    }

    private static int Apply(StoreOptions options)
    {
        if (options.SqlitePath.Length == 0)
        {
            return Flags.Refuse([$"--sqlite is missing: give it, or set {Settings.Sqlite.Variable}"]);
        }

        var answer = SqliteSchema.Apply(options);
        if (answer.Problem is { } problem)
        {
            Console.Error.WriteLine($"outbox-relay: {problem.Text}");
            return 1;
        }

        Console.Out.WriteLine($"{options.SqlitePath}: outbox {answer.Value}, schema version {Schema.Version}");
        return 0;
    }
}
