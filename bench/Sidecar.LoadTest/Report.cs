using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
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
            .AppendLine($"on {Machine()}; {Kafka}");
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
            .AppendLine($"* Program: {Program}, commit {Commit()}")
            .AppendLine($"* Machine: {Machine()}; broker, producer and consumer on the same machine")
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

    private static string Machine()
    {
        var cpu = Line("/proc/cpuinfo", "model name")?.Split(':')[1].Trim() ?? "unknown processor";
        var memory = Line("/proc/meminfo", "MemTotal")?.Split(':')[1].Replace("kB", "").Trim();
        var gigabytes = double.TryParse(memory, CultureInfo.InvariantCulture, out var kilobytes)
            ? $"{kilobytes / 1_000_000:F0} GB" : "?";
        return $"{Environment.ProcessorCount} cores of {cpu}, {gigabytes}, {RuntimeInformation.OSDescription}";
    }

    private static string? Line(string file, string start) =>
        File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line =>
            line.StartsWith(start, StringComparison.Ordinal)) : null;

    private static string Commit()
    {
        var start = new ProcessStartInfo("git", ["-C", Repository.Root, "describe", "--always", "--dirty"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var git = Process.Start(start)!;
            return git.StandardOutput.ReadToEnd().Trim() is { Length: > 0 } commit ? commit : "unknown";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown";
        }
    }
}
