using System.Globalization;
using Sidecar.TestKit;
using Sidecar.TestKit.Processes;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>What one scenario came to.</summary>
/// <param name="Scenario">What was done to the line.</param>
/// <param name="Server">The database that it ran on.</param>
/// <param name="Account">Who got what; null: it did not come to its end.</param>
/// <param name="DuplicatesAtMost">The bound that it named.</param>
/// <param name="Recovery">From the end of the fault until all that was committed by then was in Kafka; null: not timed.</param>
internal sealed record FaultRow(
    string Scenario, string Server, LedgerTable? Account, long DuplicatesAtMost, TimeSpan? Recovery);

/// <summary>The rows of a run, printed as they come and as one table at the end, which is also an artifact.</summary>
internal static class FaultTable
{
    private static readonly Lock Gate = new();
    private static readonly List<FaultRow> Rows = [];

    public static void Add(FaultRow row)
    {
        lock (Gate) Rows.Add(row);
        TestContext.Progress.WriteLine(string.Join(" | ", Cells(row)));
    }

    public static async Task WriteAsync()
    {
        List<FaultRow> rows;
        lock (Gate) rows = [.. Rows];
        if (rows.Count == 0) return;
        string[] head = ["scenario", "database", "events", "lost", "duplicate", "at most", "out of order", "recovered in"];
        List<string> lines =
        [
            $"Fault suite, {(RunOptions.IsFull ? "full" : "short")} version. " +
            $"SIDECAR_SEED={RunOptions.Seed} repeats it. Programs: {Programs.Describe()}.",
            "",
            $"| {string.Join(" | ", head)} |",
            "|---|---|--:|--:|--:|--:|--:|--:|",
            .. rows.Select(row => $"| {string.Join(" | ", Cells(row))} |"),
        ];
        foreach (var line in lines) await TestContext.Progress.WriteLineAsync(line);
        var file = Repository.At("artifacts", RunOptions.IsFull ? "faults-full.md" : "faults.md");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllLinesAsync(file, lines);
    }

    private static string[] Cells(FaultRow row)
    {
        if (row.Account is not { } account) return [row.Scenario, row.Server, "did not come to its end", "", "", "", "", ""];
        return
        [
            row.Scenario, row.Server, Number(account.Expected), Number(account.Missing), Number(account.Duplicates),
            Number(row.DuplicatesAtMost), Number(account.OutOfOrder),
            row.Recovery is { } time ? time.TotalSeconds.ToString("0.0 s", CultureInfo.InvariantCulture) : "",
        ];
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
