using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sidecar.Agent.Operating;

namespace Sidecar.Agent.Commands;

/// <summary><c>agent status | pause | resume</c>: what a person asks of the agent that runs in this pod.</summary>
internal sealed class RunningCommands(AdminAccess admin, TextWriter output)
{
    private static readonly string[] Heading =
        ["SUBSCRIPTION", "PARTITION", "COMMITTED", "END", "LAG", "OLDEST", "OPEN", "IN FLIGHT", "PARKED", "WHY IT STANDS"];

    /// <summary>The commands.</summary>
    public IEnumerable<Command> Build() =>
    [
        Status(),
        Change("pause", "Delivers nothing of a subscription in this pod until it is resumed, or the agent restarts.", needsReason: true),
        Change("resume", "Ends a pause.", needsReason: false),
    ];

    private Command Status()
    {
        var format = new Option<string>("--output", "-o")
        {
            Description = "How it is printed.", DefaultValueFactory = _ => "table",
        };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("status", "Shows what the running agent is at, and why what stands does.") { format };
        command.SetAction(async (line, _) =>
        {
            if (admin.IsMisused(line))
            {
                return ExitCodes.Misconfigured;
            }

            if (await admin.GetAsync(line, "/status", OperatingJson.Default.StatusDocument) is not { } status)
            {
                return ExitCodes.Failure;
            }

            if (line.GetValue(format) == "json")
            {
                output.WriteLine(JsonSerializer.Serialize(status, OperatingJson.Default.StatusDocument));
            }
            else
            {
                Print(status);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private Command Change(string name, string description, bool needsReason)
    {
        var subscription = new Argument<string>("subscription") { Description = "Its name." };
        var who = new Option<string>("--who")
        {
            Description = "Who says so. By default the user of this process.", DefaultValueFactory = _ => Environment.UserName,
        };
        var reason = new Option<string?>("--reason") { Description = "Why, for whoever finds it so.", Required = needsReason };
        var command = new Command(name, description) { subscription, who };
        if (needsReason)
        {
            command.Options.Add(reason);
        }

        command.SetAction(async (line, _) =>
        {
            if (admin.IsMisused(line))
            {
                return ExitCodes.Misconfigured;
            }

            var why = needsReason ? line.GetValue(reason) : null;
            var request = new PauseRequest(line.GetValue(subscription), line.GetValue(who), why);
            if (await admin.PostAsync(line, $"/{name}", request) is not { } answer)
            {
                return ExitCodes.Failure;
            }

            if (!answer.Done)
            {
                return admin.Fail(answer.Text);
            }

            output.WriteLine(answer.Text);
            return ExitCodes.Ok;
        });
        return command;
    }

    private void Print(StatusDocument status)
    {
        output.WriteLine($"group {status.Group}");
        foreach (var one in status.Subscriptions)
        {
            output.WriteLine(
                $"{one.Name}: app {one.App}, health {one.Health}, breaker {one.Breaker}, in flight {one.InFlight} of {one.Limit}"
                + (one.Why is null ? "" : $"; {one.Why}"));
        }

        output.WriteLine();
        var rows = status.Subscriptions.SelectMany(one => one.Partitions.Select(partition => Row(one, partition))).ToList();
        if (rows.Count == 0)
        {
            output.WriteLine("no partition is assigned");
        }
        else
        {
            TextTable.Write(output, [Heading, .. rows]);
        }

        foreach (var error in status.Configuration?.Errors ?? [])
        {
            output.WriteLine($"not in force, the last good configuration is: {error}");
        }

        foreach (var setting in status.Configuration?.NeedRestart ?? [])
        {
            output.WriteLine($"needs a restart to be in force: {setting}");
        }

        foreach (var wait in status.Waits)
        {
            output.WriteLine($"waiting for {wait}");
        }
    }

    private static string[] Row(SubscriptionStatus subscription, PartitionStatus partition) =>
    [
        subscription.Name,
        $"{partition.Topic}/{partition.Partition}",
        Text(partition.Committable),
        Text(partition.End),
        Text(partition.Lag),
        partition.Oldest is null ? "-" : $"{partition.LagSeconds} s",
        Text(partition.Open),
        Text(partition.InFlight),
        Text(partition.Parked),
        partition.Why ?? "-",
    ];

    private static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
