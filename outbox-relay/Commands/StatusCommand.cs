using System.CommandLine;
using System.Text.Json;
using Sidecar.OutboxRelay.Hosting;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>
/// <c>outbox-relay status</c>: what waits, what is held and why, and who works on it. Needs no Kafka.
/// </summary>
internal static class StatusCommand
{
    public static Command Build()
    {
        var output = new Option<string>("--output")
        {
            Description = "text or json.",
            DefaultValueFactory = _ => "text",
        };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command(
            "status", "Shows pending rows, held keys with their reasons, and who works on the outbox.")
        {
            output,
        };
        Flags.Bind(command, [.. Settings.Database, Settings.BusyTimeout], [Settings.AnyDatabase], (parsed, options) =>
        {
            var (store, json) = (options.Relay.Store, parsed.GetValue(output) == "json");
            return store.IsPostgres ? ShowPostgresAsync(store, json) : Task.FromResult(Show(store, json));
        });
        return command;
    }

    private static async Task<int> ShowPostgresAsync(StoreOptions options, bool json)
    {
        var address = PgAddress.Of(options);
        if (address.Problem is { } unknown)
        {
            return Answers.Fail(unknown);
        }

        var answer = await PgStatusReader.ReadAsync(address.Value);
        return answer.Problem is { } problem ? Answers.Fail(problem) : Answers.Say(
            json
                ? JsonSerializer.Serialize(PgStatusReport.Of(answer.Value), PgStatusJson.Default.PgStatusReport)
                : PgStatusText.Of(answer.Value));
    }

    private static int Show(StoreOptions options, bool json)
    {
        var answer = SqliteStatus.Read(options);
        if (answer.Problem is { } problem)
        {
            Console.Error.WriteLine($"outbox-relay: {problem.Text}");
            return 1;
        }

        var report = StatusReport.Of(answer.Value);
        Console.Out.WriteLine(
            json ? JsonSerializer.Serialize(report, StatusJson.Default.StatusReport) : report.ToText());
        return 0;
    }
}
