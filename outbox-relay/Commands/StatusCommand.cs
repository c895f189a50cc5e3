using System.CommandLine;
using System.Text.Json;
using Sidecar.OutboxRelay.Hosting;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>
/// <c>outbox-relay status</c>: what waits, what is held and why, and who holds the lease. Needs no Kafka.
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
        var command = new Command("status", "Shows pending rows, held keys with their reasons, and the lease.")
        {
            output,
        };
        Flags.Bind(command, [Settings.Sqlite, Settings.BusyTimeout], ["sqlite"], (parsed, options) =>
            Task.FromResult(Show(options.Relay.Store, parsed.GetValue(output) == "json")));
        return command;
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
