using System.CommandLine;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Hosting;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Commands;

/// <summary><c>outbox-relay parked</c>: the rows that are out of the line, and what a person decides about them.</summary>
internal static class ParkedCommand
{
    private const int MostListed = 10_000;
    private const int MostBytes = 64 * 1024 * 1024;

    private const string Wait = "wait for their topic or their turn, and a relay sends them by itself";

    private static readonly IReadOnlyList<Setting> Where = [.. Settings.Database, Settings.BusyTimeout];

    public static Command Build() => new(
        "parked", "Lists, shows, sends again or drops rows that are out of the line: refused, behind those, or without a topic.")
    {
        BuildList(), BuildShow(), BuildRetry(), BuildDrop(),
    };

    private static Command BuildList()
    {
        var flags = new ParkedFlags();
        var limit = new Option<int>("--limit")
        {
            Description = $"The most rows, 1 to {MostListed}.", DefaultValueFactory = _ => 100,
        };
        var output = Answers.Output();
        var command = new Command("list", "Rows that are out of the line, by id, with their reasons.") { limit, output };
        flags.AddTo(command, withReason: true);
        Bind(command, parsed => Outside(limit, parsed, 1, MostListed) ?? flags.Read(parsed), async (rows, filter, parsed) =>
        {
            var most = parsed.GetValue(limit);
            var answer = await rows.ListAsync(filter, most + 1);
            return answer.Problem is { } problem ? Answers.Fail(problem) : Answers.Say(
                ParkedReport.List(answer.Value, most, parsed.GetValue(output) == "json"));
        });
        return command;
    }

    private static Command BuildShow()
    {
        var id = new Argument<long>("id") { Description = "The row's number." };
        var bytes = new Option<int>("--max-bytes")
        {
            Description = $"Bytes of the value that are shown, 0 to {MostBytes}.",
            DefaultValueFactory = _ => 4096,
        };
        var output = Answers.Output();
        var command = new Command("show", "One row with its headers and value.") { id, bytes, output };
        MeantRows Read(ParseResult parsed) => Outside(bytes, parsed, 0, MostBytes) ?? new ParkedFilter { Id = parsed.GetValue(id) };
        Bind(command, Read, async (rows, filter, parsed) =>
        {
            var answer = await rows.ShowAsync(filter.Id!.Value, parsed.GetValue(bytes));
            return answer.Problem is { } problem ? Answers.Fail(problem)
                : answer.Value is not { } content ? Answers.Fail($"no row {filter.Id} is out of the line")
                : Answers.Say(ParkedReport.Show(content, parsed.GetValue(output) == "json"));
        });
        return command;
    }

    private static Command BuildRetry()
    {
        var flags = new ParkedFlags();
        var id = Id();
        var all = new Option<bool>("--all") { Description = "Every row that is out of the line." };
        var command = new Command(
            "retry", "Puts rows back into the line, each with the whole of its topic and key, in order.") { id, all };
        flags.AddTo(command, withReason: true);
        Bind(command, parsed => flags.Read(parsed, parsed.GetValue(id), parsed.GetValue(all)), async (rows, filter, _) =>
        {
            var answer = await rows.RetryAsync(filter);
            return answer.Problem is { } problem ? Answers.Fail(problem) : (answer.Value.Rows, answer.Value.OthersWait) switch
            {
                (0, false) => Answers.Fail("no such row is out of the line"),
                (0, true) => Answers.Say($"nothing to put back: such rows {Wait}"),
                (_, false) => Answers.Say($"{answer.Value.Rows} rows of {answer.Value.Keys} keys go back into the line"),
                (_, true) => Answers.Say(
                    $"{answer.Value.Rows} rows of {answer.Value.Keys} keys go back into the line; others {Wait}"),
            };
        });
        return command;
    }

    private static Command BuildDrop()
    {
        var flags = new ParkedFlags();
        var id = Id();
        var yes = Answers.Yes();
        var command = new Command(
            "drop", "Deletes one row, or all rows of a topic and key, for good; the rows behind go on.") { id, yes };
        flags.AddTo(command, withReason: false);
        Bind(command, parsed => flags.ReadForDrop(parsed, parsed.GetValue(id)), async (rows, filter, parsed) =>
        {
            var meant = filter.Id is { } one ? $"row {one}" : $"key {Shown.Key(filter.Key)} of {filter.Topic}";
            if (Answers.Refused(
                parsed.GetValue(yes), $"This deletes {meant} for good: Kafka will never have it.") is { } refused)
            {
                return refused;
            }

            var answer = await rows.DropAsync(filter);
            return answer.Problem is { } problem ? Answers.Fail(problem)
                : answer.Value.Rows == 0 ? Answers.Fail("no such row is out of the line")
                : Answers.Say(ParkedReport.Dropped(answer.Value));
        });
        return command;
    }

    /// <summary>What to give instead of a number that is out of its range; null: it is in it.</summary>
    private static MeantRows? Outside(Option<int> option, ParseResult parsed, int least, int most)
    {
        var value = parsed.GetValue(option);
        return value >= least && value <= most
            ? default(MeantRows?)
            : new MeantRows(new ParkedFilter(), $"{option.Name} is '{value}': give a whole number from {least} to {most}");
    }

    private static Argument<long?> Id() =>
        new("id") { Description = "The row's number.", Arity = ArgumentArity.ZeroOrOne };

    private static void Bind(
        Command command, Func<ParseResult, MeantRows> read,
        Func<IParkedRows, ParkedFilter, ParseResult, Task<int>> action) =>
        Flags.Bind(command, Where, [Settings.AnyDatabase], async (parsed, options) =>
        {
            var meant = read(parsed);
            if (meant.Wrong is { } wrong)
            {
                return Flags.Refuse([wrong]);
            }

            var rows = ParkedRows.Of(options.Relay.Store, TimeProvider.System);
            return rows.Problem is { } problem
                ? Answers.Fail(problem)
                : await action(rows.Value, meant.Filter, parsed);
        });
}
