using System.Globalization;
using System.Text;
using Sidecar.TestKit;

namespace Sidecar.LoadTest;

/// <summary>One part's result: the figures, and the account of the rows without which they mean nothing.</summary>
/// <param name="Title">What was done.</param>
/// <param name="Figures">What was measured, with the goal where there is one.</param>
/// <param name="Table">The account; null where no rows were sent.</param>
internal sealed record Section(string Title, IReadOnlyList<Figure> Figures, LedgerTable? Table)
{
    /// <summary>Further lines of markdown.</summary>
    public string Notes { get; init; } = "";

    /// <summary>Repeats are no fault of this part: it kills what delivers, or what takes.</summary>
    public bool AllowsRepeats { get; init; }

    public bool IsRight => Table is null || (AllowsRepeats ? Table.IsAtLeastOnce : Table.IsRight);

    public string ToMarkdown()
    {
        var text = new StringBuilder().AppendLine($"## {Title}").AppendLine()
            .AppendLine("| figure | value | goal |").AppendLine("|---|---|---|");
        foreach (var figure in Figures) text.AppendLine($"| {figure.Name} | {figure.Value} | {figure.Goal} |");
        if (Table is { } table)
        {
            text.AppendLine().AppendLine("| expected | delivered | missing | duplicate | out of order | unexpected |")
                .AppendLine("|---|---|---|---|---|---|")
                .AppendLine($"| {table.Expected:N0} | {table.Delivered:N0} | {table.Missing:N0} | {table.Duplicates:N0} "
                    + $"| {table.OutOfOrder:N0} | {table.Unexpected:N0} |");
            if (!IsRight) text.AppendLine().AppendLine("The account is not right: the figures above mean nothing.");
        }

        if (Notes.Length > 0) text.AppendLine().AppendLine(Notes);
        return text.AppendLine().ToString();
    }
}

/// <summary>A line of a result.</summary>
internal sealed record Figure(string Name, string Value, string Goal = "")
{
    public static string Number(double value, int decimals = 1) =>
        value.ToString($"N{decimals}", CultureInfo.InvariantCulture);

    public static string Megabytes(double bytes) => $"{Number(bytes / 1_000_000)} MB";
}
