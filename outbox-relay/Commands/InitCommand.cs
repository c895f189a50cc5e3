using System.CommandLine;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Hosting;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay.Commands;

/// <summary><c>outbox-relay init</c>: prints the schema, or applies it.</summary>
internal static class InitCommand
{
    public static Command Build()
    {
        var apply = new Option<bool>("--apply")
        {
            Description = "Apply the schema to the database instead of printing it; may be run again at any time.",
        };
        var print = new Option<string>("--print")
        {
            Description = "Which schema to print where no database is given: postgres or sqlite.",
            DefaultValueFactory = _ => "sqlite",
        };
        print.AcceptOnlyFromAmong("postgres", "sqlite");
        var command = new Command("init", "Prints the outbox's schema, or applies it.") { apply, print };
        Flags.Bind(command, [.. Settings.Database, Settings.BusyTimeout], [], (parsed, options) =>
        {
            var store = options.Relay.Store;
            return parsed.GetValue(apply)
                ? ApplyAsync(store)
                : Task.FromResult(Print(
                    store.IsPostgres || (store.SqlitePath.Length == 0 && parsed.GetValue(print) == "postgres")));
        });
        return command;
    }

    private static int Print(bool postgres)
    {
        Console.Out.Write(postgres ? PgSchema.Script : Schema.Sql);
        return 0;
    }

    private static async Task<int> ApplyAsync(StoreOptions options)
    {
        if (options.IsPostgres)
        {
            return await ApplyToPostgresAsync(options);
        }

        if (options.SqlitePath.Length == 0)
        {
            return Flags.Refuse(["--apply needs a database: give one of " +
                string.Join(", ", Settings.Database.Select(setting => $"{setting.Flag} ({setting.Variable})"))]);
        }

        var answer = SqliteSchema.Apply(options);
        return answer.Problem is { } problem
            ? Fail(problem)
            : Say($"{options.SqlitePath}: outbox {answer.Value}, schema version {Schema.Version}");
    }

    private static async Task<int> ApplyToPostgresAsync(StoreOptions options)
    {
        var address = PgAddress.Of(options);
        if (address.Problem is not null)
        {
            return Fail(address.Problem);
        }

        var answer = await PgInstaller.ApplyAsync(address.Value, PgSchema.Migrations, TimeProvider.System);
        if (answer.Problem is { } problem)
        {
            return Fail(problem);
        }

        var (outbox, from, to) = answer.Value;
        return Say($"{address.Value.Shown}: outbox {outbox}, schema version {to}" +
            (from == to ? " (nothing to do)" : from > 0 ? $" (was {from})" : ""));
    }

    private static int Fail(StoreProblem problem)
    {
        Console.Error.WriteLine($"outbox-relay: {problem.Text}");
        return 1;
    }

    private static int Say(string text)
    {
        Console.Out.WriteLine(text);
        return 0;
    }
}
