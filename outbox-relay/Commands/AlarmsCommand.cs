using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sidecar.OutboxRelay.Hosting;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Commands;

/// <summary><c>outbox-relay alarms</c>: what relays found and do not go on with, and a person's word that they may.</summary>
internal static class AlarmsCommand
{
    private const int MostListed = 1000;

    public static Command Build() => new(
        "alarms", "Lists what relays found and do not go on with, and accepts it (PostgreSQL).")
    {
        BuildList(), BuildAccept(),
    };

    /// <summary>What accepting an alarm of this kind does, and what to look at before.</summary>
    internal static string Meaning(string kind) => kind switch
    {
        "slot" => "rows of the slot were truncated or altered by hand: those that Kafka did not have are lost. The slot is " +
            "emptied without its proof once all its rows are settled",
        "sequence" => "ids were about to be given out again. The sequence goes on after the highest id that is known",
        "history" => "the database went back to an earlier state. Every row that is there is sent again: Kafka gets duplicates, " +
            "and events of commits that the database lost are in Kafka without their rows",
        "cluster" => "the database was copied into another cluster. What was settled leaves; the rest is sent from there: no " +
            "relay may still work on the old one",
        "topic" => "the topic was deleted and made again: what it held is gone. Its new id becomes the known one",
        "backlog" => "more rows wait than max_backlog_rows. It stops no relay, and ends by itself",
        _ => "the relay goes on with what is there",
    };

    private static Command BuildList()
    {
        var all = new Option<bool>("--all") { Description = "Accepted ones as well." };
        var output = Answers.Output();
        var command = new Command("list", "Alarms that are open, with what to do about them.") { all, output };
        Bind(command, async (desk, parsed) =>
        {
            var answer = await desk.ListAsync(parsed.GetValue(all), MostListed);
            return answer.Problem is { } problem ? Answers.Fail(problem) : Answers.Say(
                parsed.GetValue(output) == "json"
                    ? JsonSerializer.Serialize([.. answer.Value.Select(AlarmLine.Of)], AlarmJson.Default.AlarmLineArray)
                    : Text(answer.Value));
        });
        return command;
    }

    private static Command BuildAccept()
    {
        var id = new Argument<long>("id") { Description = "The alarm's number." };
        var yes = Answers.Yes();
        var command = new Command("accept", "Lets relays go on although this was found.") { id, yes };
        Bind(command, async (desk, parsed) =>
        {
            var found = await desk.FindAsync(parsed.GetValue(id));
            if (found.Problem is { } problem)
            {
                return Answers.Fail(problem);
            }

            if (found.Value is not { AcceptedAt: null } alarm)
            {
                return Answers.Fail(found.Value is { } done
                    ? $"alarm {done.Id} was accepted by {done.AcceptedBy}"
                    : $"there is no alarm {parsed.GetValue(id)}");
            }

            Console.Error.WriteLine($"alarm {alarm.Id} ({alarm.Kind} {alarm.Subject}): {alarm.Text}");
            if (Answers.Refused(parsed.GetValue(yes), $"Accepting means: {Meaning(alarm.Kind)}.") is { } refused)
            {
                return refused;
            }

            var accepted = await desk.AcceptAsync(alarm.Id);
            return accepted.Problem is { } wrong
                ? Answers.Fail(wrong)
                : Answers.Say($"accepted alarm {alarm.Id} ({accepted.Value}): {Meaning(alarm.Kind)}");
        });
        return command;
    }

    private static string Text(IReadOnlyList<PgAlarmRow> alarms)
    {
        if (alarms.Count == 0)
        {
            return "no alarm is open";
        }

        var table = new Table("ID", "KIND", "SUBJECT", "RAISED", "ACCEPTED BY", "FOUND");
        foreach (var alarm in alarms)
        {
            table.Add(
                $"{alarm.Id}", alarm.Kind, alarm.Subject, AlarmLine.Of(alarm).Raised, alarm.AcceptedBy ?? "-",
                Shown.Cell(alarm.Text, 300));
        }

        var kinds = alarms.Where(alarm => alarm.AcceptedAt is null).Select(alarm => alarm.Kind).Distinct();
        return $"{table}\n" + string.Join('\n', kinds.Select(kind => $"{kind}: {Meaning(kind)}"));
    }

    private static void Bind(Command command, Func<AlarmDesk, ParseResult, Task<int>> action) =>
        Flags.Bind(command, Settings.Database, [Settings.AnyDatabase], (parsed, options) =>
        {
            if (!options.Relay.Store.IsPostgres)
            {
                return Task.FromResult(Flags.Refuse(["there are no alarms in SQLite: give a PostgreSQL database"]));
            }

            var address = PgAddress.Of(options.Relay.Store);
            return address.Problem is { } problem
                ? Task.FromResult(Answers.Fail(problem))
                : action(new AlarmDesk(address.Value), parsed);
        });
}

/// <summary>One alarm as it is shown.</summary>
internal sealed record AlarmLine(long Id, string Kind, string Subject, string Text, string Raised)
{
    public string? Accepted { get; init; }

    public string? AcceptedBy { get; init; }

    public static AlarmLine Of(PgAlarmRow row) =>
        new(row.Id, row.Kind, row.Subject, row.Text, Shown.Time(row.RaisedAt))
        {
            Accepted = row.AcceptedAt is { } at ? Shown.Time(at) : null,
            AcceptedBy = row.AcceptedBy,
        };
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AlarmLine[]))]
internal sealed partial class AlarmJson : JsonSerializerContext;
