using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>Rows that are out of the line, as tables and as JSON.</summary>
internal static class ParkedReport
{
    /// <summary>A page; one row more than the limit means that there are more.</summary>
    public static string List(IReadOnlyList<ParkedRow> rows, int limit, bool json)
    {
        var page = rows.Take(limit).ToList();
        if (json)
        {
            return JsonSerializer.Serialize(
                new ParkedPage([.. page.Select(ParkedLine.Of)], rows.Count > limit), ParkedJson.Default.ParkedPage);
        }

        if (page.Count == 0)
        {
            return "no row is out of the line";
        }

        var now = TimeProvider.System.GetUtcNow();
        var table = new Table("ID", "KIND", "TOPIC", "KEY", "SIZE", "SINCE", "REASON");
        foreach (var row in page)
        {
            table.Add(
                $"{row.Id}", Kind(row), Shown.Cell(row.Topic, 60), Shown.Cell(Shown.Key(row.Key) ?? "(none)", 40),
                Shown.Size(row.Bytes), Shown.Age(row.HeldMs, now), Shown.Cell(row.Reason));
        }

        return rows.Count > limit ? $"{table}\n(more than {limit}: raise --limit, or narrow by --topic, --key)" : $"{table}";
    }

    public static string Show(ParkedContent content, bool json)
    {
        var line = ParkedLine.Of(content.Row);
        var text = content.Value is null ? null : Shown.Text(content.Value);
        var cut = content.Value is not null && content.Value.Length < content.ValueBytes;
        if (json)
        {
            return JsonSerializer.Serialize(
                new ParkedWhole(line, content.Headers, text)
                {
                    ValueBase64 = content.Value is not null && text is null ? Convert.ToBase64String(content.Value) : null,
                    ValueBytes = content.Value is null ? null : content.ValueBytes,
                },
                ParkedJson.Default.ParkedWhole);
        }

        var shown = new StringBuilder();
        shown.Append($"id       {line.Id} ({line.Kind})\ntopic    {line.Topic}\nkey      {Shown.Key(content.Row.Key) ?? "(none)"}\n");
        shown.Append($"created  {line.Created}\nheld     {line.Held}\nreason   {line.Reason}\n");
        shown.Append($"headers  {content.Headers ?? "(none)"}\n");
        shown.Append(content.Value is null
            ? "value    null (a tombstone)"
            : $"value    {content.ValueBytes} bytes{(cut ? $", the first {content.Value.Length}" : "")}" +
                (text is null ? " in base64" : "") + $":\n{text ?? Convert.ToBase64String(content.Value)}");
        return shown.ToString();
    }

    public static string Dropped(ParkedDrop drop)
    {
        var text = new StringBuilder();
        foreach (var row in drop.Dropped)
        {
            text.Append($"dropped {row.Id}  {row.Topic}  key {Shown.Key(row.Key) ?? "(none)"}  {Shown.Size(row.Bytes)}: ");
            text.Append($"{Shown.Cell(row.Reason)}\n");
        }

        if (drop.Rows > drop.Dropped.Count)
        {
            text.Append($"and {drop.Rows - drop.Dropped.Count} more\n");
        }

        return text.Append($"{drop.Rows} rows are gone; {drop.GoOn} that stood behind go on").ToString();
    }

    internal static string Kind(ParkedRow row) => row.IsReleased
        ? "released"
        : row.Kind switch
        {
            HeldKind.Refused => "refused",
            HeldKind.Behind => "behind",
            HeldKind.Waiting => "waiting",
        };
}

/// <summary>A page of the list.</summary>
internal sealed record ParkedPage(IReadOnlyList<ParkedLine> Rows, bool More);

/// <summary>One row of the list.</summary>
internal sealed record ParkedLine(long Id, string Kind, string Topic, string? Key, string Reason)
{
    public required long Bytes { get; init; }

    public required string Created { get; init; }

    public required string Held { get; init; }

    public static ParkedLine Of(ParkedRow row) =>
        new(row.Id, ParkedReport.Kind(row), row.Topic, Shown.PlainKey(row.Key), row.Reason)
        {
            Bytes = row.Bytes,
            Created = Shown.Time(row.CreatedMs),
            Held = Shown.Time(row.HeldMs),
        };
}

/// <summary>One row with its content: the value as text, or in base64 where it is none.</summary>
internal sealed record ParkedWhole(ParkedLine Row, string? Headers, string? Value)
{
    public string? ValueBase64 { get; init; }

    public long? ValueBytes { get; init; }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ParkedPage))]
[JsonSerializable(typeof(ParkedWhole))]
internal sealed partial class ParkedJson : JsonSerializerContext;
