using System.CommandLine;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Hosting;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>Which rows are meant, or what to give instead.</summary>
internal readonly record struct MeantRows(ParkedFilter Filter, string? Wrong)
{
    public static implicit operator MeantRows(ParkedFilter filter) => new(filter, null);

    public static implicit operator MeantRows(string wrong) => new(new ParkedFilter(), wrong);
}

/// <summary>The flags that say which rows are meant.</summary>
internal sealed class ParkedFlags
{
    private readonly Option<string?> topic = new("--topic") { Description = "Rows of this topic." };
    private readonly Option<string?> key = new("--key") { Description = $"Rows with this key: {Shown.KeyShape}." };
    private readonly Option<string?> reason = new("--reason") { Description = "Rows whose reason contains this." };
    private readonly Option<string?> olderThan = new("--older-than")
    {
        Description = "Rows that were taken out of the line at least so long ago: 30s, 10m, 2h.",
    };

    public void AddTo(Command command, bool withReason)
    {
        command.Add(topic);
        command.Add(key);
        if (withReason)
        {
            command.Add(reason);
            command.Add(olderThan);
        }
    }

    /// <summary>Which rows to list: without a flag, all.</summary>
    public MeantRows Read(ParseResult parsed)
    {
        var (typed, age) = (parsed.GetValue(key), parsed.GetValue(olderThan));
        var bytes = typed is null ? null : Shown.ReadKey(typed);
        TimeSpan? old = age is null ? null : SettingText.Duration(age, TimeSpan.Zero, TimeSpan.FromDays(3650));
        return typed is not null && bytes is null ? $"--key is '{typed}': give {Shown.KeyShape}"
            : age is not null && old is null ? $"--older-than is '{age}': give a time with its unit (ms, s, m, h)"
            : new ParkedFilter
            {
                Topic = parsed.GetValue(topic), Key = bytes, Reason = parsed.GetValue(reason), OlderThan = old,
            };
    }

    /// <summary>Which rows go back: an id, a filter, or all of them.</summary>
    public MeantRows Read(ParseResult parsed, long? id, bool all)
    {
        var meant = Read(parsed);
        return meant.Wrong is not null ? meant : (id is not null, meant.Filter != new ParkedFilter(), all) switch
        {
            (true, false, false) => new ParkedFilter { Id = id },
            (false, true, false) or (false, false, true) => meant,
            _ => "which rows? Give an id, or --topic, --key and the like, or --all: one of the three",
        };
    }

    /// <summary>Which rows are dropped: one by its id, or a key of a topic.</summary>
    public MeantRows ReadForDrop(ParseResult parsed, long? id)
    {
        var meant = Read(parsed);
        return meant.Wrong is not null ? meant : (id, meant.Filter.Topic, meant.Filter.Key) switch
        {
            ({ } one, null, null) => new ParkedFilter { Id = one },
            (null, not null, not null) => meant,
            _ => "which rows? Give an id, or --topic with --key",
        };
    }
}
