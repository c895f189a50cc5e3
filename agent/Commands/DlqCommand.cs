using System.CommandLine;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Commands;

/// <summary><c>agent dlq list | show | replay | purge</c>: the dead letters of a subscription, by hand.</summary>
public sealed class DlqCommand(KafkaAccess kafka, TextWriter output, TextWriter progress)
{
    private const long DefaultLimit = 100;
    private const int ProgressEvery = 10_000;

    private readonly Option<string?> subscription = KafkaAccess.SubscriptionOption();

    /// <summary>The command with those below it.</summary>
    public Command Build()
    {
        var command = new Command("dlq", "Shows, replays and deletes the dead letters of a subscription.");
        command.Subcommands.Add(List());
        command.Subcommands.Add(Show());
        command.Subcommands.Add(new ReplayCommand(kafka, output, progress).Build());
        command.Subcommands.Add(Purge());
        return command;
    }

    private Command List()
    {
        var filter = new LetterFilterOptions();
        var limit = new Option<long>("--limit")
        {
            Description = "Letters that are shown at most.", DefaultValueFactory = _ => DefaultLimit,
        };
        var format = new Option<string>("--output", "-o")
        {
            Description = "How they are printed; json: one object a line.", DefaultValueFactory = _ => "table",
        };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("list", "Lists dead letters, oldest first in each partition.") { subscription, limit, format };
        filter.AddTo(command);
        command.SetAction((line, _) => kafka.RunAsync(line, options =>
        {
            var most = line.GetValue(limit);
            if ((most < 1 ? "--limit takes a number from 1 on" : filter.Problem(line)) is { } problem)
            {
                return Task.FromResult(kafka.Misused(problem));
            }

            var wanted = filter.Of(line);
            return Task.FromResult(With(line, options, (reader, topic) =>
            {
                var found = new List<Letter>();
                var isWhole = true;
                foreach (var letter in Matching(reader, topic, wanted))
                {
                    isWhole = found.Count < most;
                    if (!isWhole)
                    {
                        break;
                    }

                    found.Add(letter);
                }

                Print(found, line.GetValue(format) == "json");
                if (!isWhole)
                {
                    progress.WriteLine($"agent: there are more than {most}; see them with --limit or a filter");
                }

                return ExitCodes.Ok;
            }));
        }));
        return command;
    }

    private Command Show()
    {
        var place = new Argument<string>("place") { Description = "Partition and offset as list prints them, such as 0/17." };
        var command = new Command("show", "Shows one dead letter with all headers.") { subscription, place };
        command.SetAction((line, _) => kafka.RunAsync(line, options =>
        {
            var parts = line.GetValue(place)!.Split('/');
            if (parts.Length != 2
                || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
                || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
            {
                return Task.FromResult(kafka.Misused(
                    $"{ConfigurationError.Shown(line.GetValue(place)!)} is no place. Write partition/offset, such as 0/17"));
            }

            return Task.FromResult(With(line, options, (reader, topic) => Show(reader, new TopicPartition(topic, partition), offset)));
        }));
        return command;
    }

    private int Show(TopicReader reader, TopicPartition wanted, long offset)
    {
        var isThere = reader.Partitions(wanted.Topic)
            .Exists(found => found.Partition == wanted && offset >= found.Offsets.Low.Value && offset < found.Offsets.High.Value);
        foreach (var record in isThere ? reader.Read(wanted, offset, offset + 1) : [])
        {
            var isIt = record.Position.Offset == offset;
            if (isIt)
            {
                LetterOutput.Whole(output, record);
            }

            record.Release();
            if (isIt)
            {
                return ExitCodes.Ok;
            }
        }

        return kafka.Fail($"there is no dead letter at {wanted.Partition.Value}/{offset}");
    }

    private Command Purge()
    {
        var before = new Option<string?>("--before")
        {
            Description = "Delete what was written before this time (2026-05-04T03:02:01Z) or longer ago than this (48h).",
        };
        var all = new Option<bool>("--all") { Description = "Delete all." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be deleted, and delete nothing." };
        var command = new Command(
            "purge", "Deletes the oldest dead letters. Kafka deletes from the beginning of a partition only: there is no filter.")
        {
            subscription, before, all, dryRun,
        };
        command.SetAction((line, _) => kafka.RunAsync(line, async options =>
        {
            var (isAll, text) = (line.GetValue(all), line.GetValue(before));
            long unixMs = 0;
            if (isAll == (text is not null) || (text is not null && !PointInTime.TryParse(text, TimeProvider.System, out unixMs)))
            {
                return kafka.Misused("say what is to be deleted: --all, or --before with a time such as 2026-05-04T03:02:01Z or 48h");
            }

            var ends = new List<TopicPartitionOffset>();
            var code = With(line, options, (reader, topic) =>
            {
                foreach (var (partition, offsets) in reader.Partitions(topic))
                {
                    var end = isAll ? offsets.High.Value : reader.OffsetAt(partition, unixMs);
                    output.WriteLine(
                        $"{partition.Topic}/{partition.Partition.Value}: {Math.Max(0, end - offsets.Low.Value)} of "
                        + $"{offsets.High.Value - offsets.Low.Value} {(line.GetValue(dryRun) ? "would be" : "are")} deleted");
                    ends.Add(new TopicPartitionOffset(partition, end));
                }

                return ExitCodes.Ok;
            });
            if (code == ExitCodes.Ok && !line.GetValue(dryRun))
            {
                using var admin = kafka.Client(
                    () => new AdminClientBuilder(AdminProperties(options)).SetLogHandler((_, _) => { }).Build());
                if (admin is null)
                {
                    return ExitCodes.Misconfigured;
                }

                await admin.DeleteRecordsAsync(ends, new DeleteRecordsOptions { RequestTimeout = TopicReader.RequestTimeout });
            }

            return code;
        }));
        return command;
    }

    private int With(ParseResult line, AgentOptions options, Func<TopicReader, string, int> act)
    {
        if (kafka.Subscription(options, line.GetValue(subscription)) is not { } found)
        {
            return ExitCodes.Misconfigured;
        }

        using var reader = kafka.Reader(options);
        return reader is null ? ExitCodes.Misconfigured
            : reader.Partitions(found.DeadLetter.Topic).Count == 0
            ? kafka.Fail($"the topic {found.DeadLetter.Topic} does not exist: {found.Name} has no dead letters")
            : act(reader, found.DeadLetter.Topic);
    }

    private IEnumerable<Letter> Matching(TopicReader reader, string topic, LetterFilter wanted)
    {
        var partitions = reader.Partitions(topic);
        var all = partitions.Sum(found => found.Offsets.High.Value - found.Offsets.Low.Value);
        var read = 0L;
        foreach (var (partition, offsets) in partitions.Where(found => found.Offsets.High.Value > found.Offsets.Low.Value))
        {
            var from = wanted.SinceMs is { } since ? reader.OffsetAt(partition, since) : offsets.Low.Value;
            foreach (var record in reader.Read(partition, from, offsets.High.Value))
            {
                var letter = Letter.Of(record);
                record.Release();
                if (++read % ProgressEvery == 0)
                {
                    progress.WriteLine($"agent: {read} of about {all} read");
                }

                if (wanted.Matches(letter))
                {
                    yield return letter;
                }
            }
        }
    }

    private void Print(IEnumerable<Letter> letters, bool asJson)
    {
        if (asJson)
        {
            foreach (var letter in letters)
            {
                output.WriteLine(LetterOutput.Json(letter));
            }

            return;
        }

        TextTable.Write(output, [LetterOutput.Heading, .. letters.Select(LetterOutput.Row)]);
    }

    private Dictionary<string, string> AdminProperties(AgentOptions options)
    {
        var properties = options.Source.Properties.ToDictionary(StringComparer.Ordinal);
        properties["bootstrap.servers"] = options.Source.BootstrapServers;
        kafka.Keyring.Current.AddTo(properties);
        return properties;
    }
}
