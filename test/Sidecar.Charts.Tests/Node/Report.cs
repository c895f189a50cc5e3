using System.Globalization;
using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Node;

/// <summary>The table of this run, a line for each step, in <c>artifacts/kubernetes.md</c> and in the test's output.</summary>
internal static class Report
{
    private const string Head = """
        | step | expected | delivered | missing | duplicate | out of order | median | longest stall of a key | |
        |---|--:|--:|--:|--:|--:|--:|--:|---|

        """;

    private static readonly string File = Repository.At("artifacts", "kubernetes.md");

    public static void Begin()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllText(File, Head);
    }

    public static void Add(string step, Account account, string remark = "")
    {
        var table = account.Table;
        Write(string.Create(CultureInfo.InvariantCulture,
            $"| {step} | {table.Expected:N0} | {table.Delivered:N0} | {table.Missing:N0} | {table.Duplicates:N0} | {table.OutOfOrder:N0} "
            + $"| {account.Median.TotalMilliseconds:N0} ms | {account.Worst.TotalMilliseconds:N0} ms | {remark} |"));
    }

    /// <summary>A figure that is no count of events.</summary>
    public static void Note(string what, string figure) => Write($"| {what} | | | | | | | | {figure} |");

    private static void Write(string line)
    {
        System.IO.File.AppendAllText(File, line + "\n");
        TestContext.Progress.WriteLine(line);
    }
}
