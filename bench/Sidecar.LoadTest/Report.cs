using System.Text;
using Sidecar.TestKit;

namespace Sidecar.LoadTest;

/// <summary>The result of a run. The figures never stand without the account of the events beside them.</summary>
/// <param name="Subject">agent or outbox-relay.</param>
/// <param name="Kafka">What it ran against.</param>
/// <param name="IsPublished">The native program, or the JIT.</param>
/// <param name="Table">The account.</param>
internal sealed record Report(string Subject, string Kafka, bool IsPublished, LedgerTable Table)
{
    /// <summary>What was asked of it.</summary>
    public required string Setting { get; init; }

    /// <summary>What was measured, in the order in which it is shown.</summary>
    public required IReadOnlyList<(string Name, string Value)> Figures { get; init; }

    /// <summary>For a terminal.</summary>
    public string ToText()
    {
        var text = new StringBuilder().AppendLine().AppendLine($"{Subject} ({Program}): {Setting}")
            .AppendLine($"on {Machine.Describe()}; {Kafka}");
        foreach (var (name, value) in Figures) text.AppendLine($"  {name,-22} {value}");
        text.AppendLine(Table.ToString());
        if (!Table.IsRight) text.AppendLine("The account is not right: the figures above mean nothing.");
        return text.ToString();
    }

    /// <summary>For <c>bench/results</c>.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder().AppendLine($"# {Subject}").AppendLine()
            .AppendLine($"{Setting}.").AppendLine()
            .AppendLine($"* Program: {Program}, commit {Machine.Commit()}")
            .AppendLine($"* Machine: {Machine.Describe()}; broker, producer and consumer on the same machine")
            .AppendLine($"* Kafka: {Kafka}")
            .AppendLine($"* Date: {TimeProvider.System.GetUtcNow():yyyy-MM-dd}").AppendLine()
            .AppendLine("| figure | value |").AppendLine("|---|---|");
        foreach (var (name, value) in Figures) text.AppendLine($"| {name} | {value} |");
        return text.AppendLine()
            .AppendLine("| expected | delivered | missing | duplicate | out of order | unexpected |")
            .AppendLine("|---|---|---|---|---|---|")
            .AppendLine($"| {Table.Expected:N0} | {Table.Delivered:N0} | {Table.Missing:N0} | {Table.Duplicates:N0} "
                + $"| {Table.OutOfOrder:N0} | {Table.Unexpected:N0} |")
            .ToString();
    }

    private string Program => IsPublished ? "native program" : "build output on the JIT: not what is shipped";
}
