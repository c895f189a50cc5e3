using System.CommandLine;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Source;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Commands;

/// <summary><c>agent dlq replay</c>: dead letters go back to this subscription's own agents, through its retry topics.</summary>
internal sealed class ReplayCommand(KafkaAccess kafka, TextWriter output, TextWriter progress)
{
    private const int DefaultRate = 100;
    private const int MaxRate = 100_000;

    private readonly Option<string?> subscription = KafkaAccess.SubscriptionOption();
    private readonly LetterFilterOptions filter = new();
    private readonly Option<int> rate = new("--rate")
    {
        Description = $"Events a second at most, 1 to {MaxRate}.", DefaultValueFactory = _ => DefaultRate,
    };

    private readonly Option<long> limit = new("--limit")
    {
        Description = "Events at most.", DefaultValueFactory = _ => long.MaxValue,
    };

    private readonly Option<bool> again = new("--again")
    {
        Description = "Also what was replayed before. Stopped and run again, it begins at the beginning.",
    };

    private readonly Option<bool> dryRun = new("--dry-run")
    {
        Description = "Say what would be replayed, how many and why they are dead letters, and replay nothing.",
    };

    /// <summary>The command.</summary>
    public Command Build()
    {
        var command = new Command(
            "replay",
            "Gives dead letters to this subscription's agents again, through its retry topics and never through the topic that "
            + "others read. Needs `retries`. It may be stopped at any time and run again: the records in the retry topics tell what "
            + "was replayed before, so nothing is replayed twice. They are kept for 14 days; without --since, letters older than that "
            + "are left where they are. The letters stay: purge deletes them. Exit codes: 0 all that is meant is replayed, 1 not all, "
            + "2 wrong usage.")
        {
            subscription, rate, limit, again, dryRun,
        };
        filter.AddTo(command);
        command.SetAction((line, _) => kafka.RunAsync(line, options => RunAsync(line, options)));
        return command;
    }

    private async Task<int> RunAsync(ParseResult line, AgentOptions options)
    {
        if (Misuse(line) is { } problem)
        {
            return kafka.Misused(problem);
        }

        if (kafka.Subscription(options, line.GetValue(subscription)) is not { } found)
        {
            return ExitCodes.Misconfigured;
        }

        if (found.Dispatch.Retries.Count == 0)
        {
            return kafka.Fail(
                $"the subscription {found.Name} has no retry topics, through which its agents would read what is replayed. Set "
                + $"retries (such as retries=1m) for its agents and for this command, and replay when they run with it");
        }

        using var reader = kafka.Reader(options);
        if (reader is null)
        {
            return ExitCodes.Misconfigured;
        }

        var names = new RetryTopicNames(options.Source.Group, found.Name);
        var retry = names.AddressOf(found.Dispatch.Retries.Min());
        var partitions = reader.Partitions(retry.Topic).Count;
        if (Missing(reader, retry.Topic, found) is { } missing)
        {
            return kafka.Fail(missing);
        }

        var wanted = filter.Of(line);
        var topics = reader.Topics().Where(topic => names.DelayOf(topic) is not null).ToList();
        var order = new ReplayOrder(
            wanted with { SinceMs = wanted.SinceMs ?? Remembered() }, found.DeadLetter.Topic, retry,
            line.GetValue(again) ? [] : topics, line.GetValue(limit))
        {
            Rate = line.GetValue(rate),
        };
        var plan = new ReplayPlan(options.Source.Group, found.Name, found.Topics[0], partitions)
        {
            IsOwnTopic = found.DeadLetter.Topic == $"{options.Source.Group}.{found.Name}.dlq",
        };
        var isDry = line.GetValue(dryRun);
        using var producer = isDry ? null : kafka.Client(() => new DeadLetterProducer(
            KafkaProducer.Properties(options.Source.BootstrapServers, options.Source.Properties), kafka.Keyring));
        if (producer is null && !isDry)
        {
            return ExitCodes.Misconfigured;
        }

        var room = new ReplayRoom(new RetryLag(reader, topics).Of);
        var tally = await new LetterReplay(reader, room, producer, TimeProvider.System, progress).RunAsync(order, plan);
        return Report(tally, order, isDry);
    }

    private string? Misuse(ParseResult line) => line.GetValue(rate) is < 1 or > MaxRate || line.GetValue(limit) < 1
        ? $"--rate takes 1 to {MaxRate}, and --limit a number from 1 on"
        : filter.Problem(line);

    private static string? Missing(TopicReader reader, string retry, SubscriptionOptions found) =>
        reader.Partitions(retry).Count == 0
            ? $"the topic {retry} does not exist: agents with these retries make it when they start"
        : reader.Partitions(found.DeadLetter.Topic).Count == 0
            ? $"the topic {found.DeadLetter.Topic} does not exist: {found.Name} has no dead letters"
        : null;

    private int Report(ReplayTally tally, ReplayOrder order, bool isDry)
    {
        tally.Write(output, order.Retry.Topic, isDry);
        if (tally.Failure is { } failure)
        {
            return kafka.Fail($"{failure}. What is replayed is replayed; run it again to go on");
        }

        return tally.IsWhole ? ExitCodes.Ok : ExitCodes.Failure;
    }

    private static long Remembered() => (TimeProvider.System.GetUtcNow() - RetryTopics.Retention).ToUnixTimeMilliseconds();
}
