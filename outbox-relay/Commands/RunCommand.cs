using System.CommandLine;
using Sidecar.OutboxRelay.Hosting;

namespace Sidecar.OutboxRelay.Commands;

/// <summary><c>outbox-relay run</c>: the relay itself, until SIGTERM.</summary>
internal static class RunCommand
{
    public static Command Build()
    {
        var command = new Command(
            "run",
            "Runs the relay until SIGTERM. Waits for the database, its schema, Kafka and missing topics, and says so.");
        Flags.Bind(
            command, Settings.All, [Settings.AnyDatabase, "bootstrap-servers"],
            (_, options) => RelayHost.RunAsync(options));
        return command;
    }
}
