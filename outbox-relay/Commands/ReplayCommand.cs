using System.CommandLine;
using System.Globalization;
using Sidecar.Credentials;
using Sidecar.OutboxRelay.Hosting;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Publish;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Commands;

/// <summary><c>outbox-relay replay</c>: sends rows that are still in the log once more.</summary>
internal static class ReplayCommand
{
    private static readonly Option<string?> From = new("--from")
    {
        Description = "The first id, or a time such as 2026-11-22T10:00:00Z.", Required = true,
    };

    private static readonly Option<string?> To = new("--to")
    {
        Description = "The last id, or a time; without it, up to the newest row that was sent.",
    };

    private static readonly Option<string?> Topic = new("--topic") { Description = "Rows of this topic alone." };
    private static readonly Option<string?> Key = new("--key") { Description = $"Rows with this key alone: {Shown.KeyShape}." };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Say what would be sent, and send nothing." };
    private static readonly Option<int> Rate = new("--rate") { Description = "The most rows in a second; 0: no limit." };

    public static Command Build()
    {
        var command = new Command(
            "replay", "Sends rows that Kafka had before and that are still in the log once more, in the order of their ids " +
            "(PostgreSQL). The events keep their ids and carry the header sidecar-replay.")
        {
            From, To, Topic, Key, DryRun, Rate,
        };
        Flags.Bind(command, Settings.Publishing, [Settings.AnyDatabase], async (parsed, options) =>
        {
            if (!options.Relay.Store.IsPostgres)
            {
                return Flags.Refuse(
                [
                    "replay is not available with SQLite: rows are deleted there once Kafka has them. Kafka's own log has them still",
                ]);
            }

            var (range, wrong) = Read(parsed);
            var address = PgAddress.Of(options.Relay.Store);
            var dry = parsed.GetValue(DryRun);
            return wrong is not null ? Flags.Refuse([wrong])
                : !dry && options.Relay.Publish.BootstrapServers.Length == 0 ? Flags.Refuse(["--bootstrap-servers is missing"])
                : address.Problem is { } problem ? Answers.Fail(problem)
                : await RunAsync(new PgReplayLog(address.Value), range, options.Relay.Publish, (dry, parsed.GetValue(Rate)));
        });
        return command;
    }

    private static (ReplayRange Range, string? Wrong) Read(ParseResult parsed)
    {
        var (from, to, key) = (parsed.GetValue(From)!, parsed.GetValue(To), parsed.GetValue(Key));
        var (fromId, since) = Bound(from);
        var (toId, until) = to is null ? (null, null) : Bound(to);
        var bytes = key is null ? null : Shown.ReadKey(key);
        var wrong = fromId is null && since is null ? $"--from is '{from}': give an id or a time such as 2026-11-22T10:00:00Z"
            : to is not null && toId is null && until is null ? $"--to is '{to}': give an id or a time such as 2026-11-22T10:00:00Z"
            : key is not null && bytes is null ? $"--key is '{key}': give {Shown.KeyShape}"
            : parsed.GetValue(Rate) < 0 ? "--rate is below 0: give rows in a second, or 0 for no limit"
            : null;
        return (new ReplayRange(fromId, toId) { Since = since, Until = until, Topic = parsed.GetValue(Topic), Key = bytes }, wrong);
    }

    private static (long? Id, DateTime? Time) Bound(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? (id, null)
        : DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? (null, time.UtcDateTime)
        : (null, null);

    private static async Task<int> RunAsync(
        PgReplayLog log, ReplayRange range, PublishOptions publish, (bool Dry, int Rate) how)
    {
        var answer = await log.FindAsync(range);
        if (answer.Problem is { } problem)
        {
            return Answers.Fail(problem);
        }

        var found = answer.Value;
        if (Missing(range, found) is { } missing)
        {
            return Answers.Fail(missing);
        }

        if (how.Dry)
        {
            return Answers.Say($"{found.Rows} rows from id {found.First} to {found.Last} would be sent");
        }

        var opening = Keyring.Open(publish.Security);
        if (opening.Keyring is not { } keyring)
        {
            return Flags.Refuse(opening.Problems.Select(one => $"--{one}"));
        }

        using var sender = new ReplaySender(publish, keyring.Current, found.Outbox, TimeProvider.System.GetUtcNow());
        using var stop = new CancellationTokenSource();
        using var interrupt = new Interrupt(stop);
        return await new ReplayRun(log, sender, range, how.Rate).RunAsync(found, stop.Token);
    }

    /// <summary>Why the range cannot be sent whole; null: it can.</summary>
    private static string? Missing(ReplayRange range, ReplayFound found)
    {
        var oldest = found.Oldest is { } id
            ? $"the oldest that is there has id {id} of {Shown.Time(found.OldestAt!.Value)}"
            : "the log has no settled row";
        var gone = found.Emptied > 0 && (found.Oldest is null || range.From < found.Oldest || range.Since < found.OldestAt);
        return gone
            ? $"part of the range is no longer in the log: {oldest}. Rows leave with their slot, soon after Kafka has all of " +
                "it; a larger slot_bytes in outbox.config keeps more. Kafka's own log has the events still"
            : found.Rows == 0 ? $"no row of the range has been sent: {oldest}, the highest id is {found.Highest}"
            : null;
    }
}
