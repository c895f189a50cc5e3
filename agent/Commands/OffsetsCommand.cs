using System.CommandLine;
using System.Globalization;
using Confluent.Kafka;
using Sidecar.Agent.Commit;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Subscriptions;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Commands;

/// <summary>
/// <c>agent offsets show | skip | reset</c>: what the group has committed, and what an operator changes of it by hand when
/// all else failed. Changes need the group to be without members, which Kafka itself holds.
/// </summary>
public sealed class OffsetsCommand(KafkaAccess kafka, TextWriter output)
{
    private static readonly string[] Heading = ["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "DONE ABOVE", "TRIED"];

    private readonly Argument<string> topic = new("topic") { Description = "The topic." };
    private readonly Argument<int> partition = new("partition") { Description = "The partition." };
    private readonly Option<bool> dryRun = new("--dry-run") { Description = "Say what would be committed, and commit nothing." };

    /// <summary>The command with those below it.</summary>
    public Command Build()
    {
        var command = new Command("offsets", "Shows and changes what the group has committed.");
        command.Subcommands.Add(Show());
        command.Subcommands.Add(Skip());
        command.Subcommands.Add(Reset());
        return command;
    }

    private Command Show()
    {
        var command = new Command("show", "Shows each partition of the subscriptions' topics, and of their retry topics.");
        command.SetAction((line, _) => kafka.RunAsync(line, options =>
        {
            using var reader = kafka.Reader(options);
            if (reader is null)
            {
                return Task.FromResult(ExitCodes.Misconfigured);
            }

            var rows = new List<string[]> { Heading };
            foreach (var name in Topics(options, reader.Topics()))
            {
                rows.AddRange(reader.Partitions(name).Select(found => Row(reader, found.Partition, found.Offsets)));
            }

            TextTable.Write(output, rows);
            return Task.FromResult(ExitCodes.Ok);
        }));
        return command;
    }

    private Command Skip()
    {
        var offset = new Argument<long>("offset") { Description = "The offset of the event to pass over." };
        var command = new Command(
            "skip", "Passes over one event for good: it counts as done. What is known of the others stays.")
        {
            topic, partition, offset, dryRun,
        };
        command.SetAction((line, _) => kafka.RunAsync(line, options => Change(line, options, line.GetValue(offset) < 0
            ? "an offset is a number from 0 on"
            : null, (_, known, found) =>
        {
            var skipped = line.GetValue(offset);
            return known.Offset < 0 ? new Wanted(null, "the group has committed nothing here; use reset")
                : skipped < known.Offset || known.Map.IsDone(skipped) ? new Wanted(null, $"offset {skipped} is done already")
                : skipped >= found.High.Value ? new Wanted(null, $"the partition ends at {found.High.Value}")
                : new Wanted(known.Map.With(skipped), null);
        })));
        return command;
    }

    private Command Reset()
    {
        var to = new Option<string>("--to")
        {
            Description = "earliest, latest, an offset, or a time such as 2026-05-04T03:02:01Z or 2h (ago).",
            Required = true,
        };
        var command = new Command(
            "reset", "Sets the offset of one partition. What was done above it is forgotten, and delivered again.")
        {
            topic, partition, to, dryRun,
        };
        command.SetAction((line, _) => kafka.RunAsync(line, options =>
        {
            var text = line.GetValue(to)!;
            var isOffset = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
            var isTime = PointInTime.TryParse(text, TimeProvider.System, out var unixMs);
            var problem = isOffset || isTime || text is "earliest" or "latest"
                ? null
                : $"--to {ConfigurationError.Shown(text)}: write earliest, latest, an offset, a time such as 2026-05-04T03:02:01Z, "
                    + "or how long ago, as 2h";
            return Change(line, options, problem, (reader, _, found) =>
            {
                var offset = isOffset ? number
                    : isTime ? reader.OffsetAt(new TopicPartition(line.GetValue(topic)!, line.GetValue(partition)), unixMs)
                    : text == "earliest" ? found.Low.Value : found.High.Value;
                return offset < found.Low.Value || offset > found.High.Value
                    ? new Wanted(null, $"--to {text}: the partition holds {found.Low.Value} to {found.High.Value}")
                    : new Wanted(AckMap.Empty(offset), null);
            });
        }));
        return command;
    }

    private Task<int> Change(
        ParseResult line, AgentOptions options, string? misused, Func<TopicReader, GroupOffset, WatermarkOffsets, Wanted> decide)
    {
        var place = new TopicPartition(line.GetValue(topic)!, line.GetValue(partition));
        misused ??= place.Partition.Value < 0 ? "a partition is a number from 0 on"
            : Topics(options, [place.Topic]).Contains(place.Topic) ? null
            : $"no subscription reads the topic {ConfigurationError.Shown(place.Topic)}, and it is no retry topic of theirs";
        if (misused is not null)
        {
            return Task.FromResult(kafka.Misused(misused));
        }

        using var reader = kafka.Reader(options);
        if (reader is null)
        {
            return Task.FromResult(ExitCodes.Misconfigured);
        }

        var found = reader.Partitions(place.Topic).Find(found => found.Partition == place);
        if (found.Partition is null)
        {
            return Task.FromResult(kafka.Fail($"there is no partition {place.Partition.Value} of {place.Topic}"));
        }

        var group = new GroupOffsets(reader.Consumer);
        var known = group.Read(place, TopicReader.RequestTimeout);
        var (map, problem) = decide(reader, known, found.Offsets);
        if (map is null)
        {
            return Task.FromResult(kafka.Fail(problem!));
        }

        var isDry = line.GetValue(dryRun);
        if (!isDry && group.Write(place, map, known.StartPartitions) is { } refused)
        {
            return Task.FromResult(kafka.Fail($"not committed: {refused}"));
        }

        output.WriteLine(
            $"{place.Topic}/{place.Partition.Value}: {(isDry ? "would be" : "is")} committed at {map.Committed} "
            + $"(before: {Text(known.Offset)}); done above it: {Text(map)} (before: {Text(known.Map)})");
        return Task.FromResult(ExitCodes.Ok);
    }

    /// <summary>
    /// What the group reads of these and its subscriptions' own topics: each of those, and behind it the retry topics of its
    /// subscription, by their delays, also those that are no longer configured and may hold events.
    /// </summary>
    private static IEnumerable<string> Topics(AgentOptions options, IReadOnlyCollection<string> all) =>
        options.Subscriptions.SelectMany(subscription =>
        {
            var names = new RetryTopicNames(options.Source.Group, subscription.Name);
            return subscription.Topics.Concat(all.Where(name => names.DelayOf(name) is not null).OrderBy(name => names.DelayOf(name)));
        });

    private static string[] Row(TopicReader reader, TopicPartition place, WatermarkOffsets found)
    {
        var known = new GroupOffsets(reader.Consumer).Read(place, TopicReader.RequestTimeout);
        var tried = string.Join(' ', known.Map.Attempts.Take(5).Select(open => $"{open.Offset}x{open.Attempts}"));
        return
        [
            place.Topic,
            $"{place.Partition.Value}",
            Text(known.Offset),
            $"{found.High.Value}",
            known.Offset < 0 ? "-" : $"{Math.Max(0, found.High.Value - known.Offset)}",
            known.IsForeign ? "foreign metadata" : Text(known.Map),
            tried.Length == 0 ? "-" : known.Map.Attempts.Count > 5 ? $"{tried} ..." : tried,
        ];
    }

    private static string Text(long offset) => offset < 0 ? "-" : $"{offset}";

    private static string Text(AckMap map) =>
        map.Done.Count == 0 ? "-" : $"{map.Done.Sum(run => run.Last - run.First + 1)} in {map.Done.Count} runs";

    private sealed record Wanted(AckMap? Map, string? Problem);
}
