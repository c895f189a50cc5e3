using System.CommandLine;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Commands;

/// <summary>The options that say which dead letters are meant.</summary>
internal sealed class LetterFilterOptions
{
    private readonly Option<string?> type = new("--type") { Description = "The event's type." };
    private readonly Option<string?> key = new("--key") { Description = "The key, as it is shown." };
    private readonly Option<string?> reason = new("--reason") { Description = "A part of the reason." };
    private readonly Option<string?> outcome = new("--outcome")
    {
        Description = "Why it is a dead letter, in one word.",
    };

    private readonly Option<string?> since = new("--since")
    {
        Description = "Written since this time (2026-05-04T03:02:01Z) or this long ago (2h).",
    };

    private readonly Option<string?> until = new("--until") { Description = "Written before this time." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        outcome.AcceptOnlyFromAmong([.. EndReason.OfLetters]);
        foreach (var option in new[] { type, key, reason, outcome, since, until })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What is wrong with what was written; null: nothing.</summary>
    public string? Problem(ParseResult line) => new[] { since, until }
        .Where(option => line.GetValue(option) is { } text && !PointInTime.TryParse(text, TimeProvider.System, out _))
        .Select(option => $"{option.Name} {line.GetValue(option)}: not a time. Write it as 2026-05-04T03:02:01Z, or how long ago, as 2h")
        .FirstOrDefault();

    /// <summary>The filter that was written.</summary>
    public LetterFilter Of(ParseResult line) => new()
    {
        Type = line.GetValue(type),
        Key = line.GetValue(key),
        Reason = line.GetValue(reason),
        Outcome = line.GetValue(outcome),
        SinceMs = Time(line.GetValue(since)),
        UntilMs = Time(line.GetValue(until)),
    };

    private static long? Time(string? text) =>
        text is not null && PointInTime.TryParse(text, TimeProvider.System, out var unixMs) ? unixMs : null;
}
