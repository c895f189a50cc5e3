using System.Globalization;

namespace Sidecar.LoadTest;

/// <summary>What Linux says of a process.</summary>
/// <param name="CpuMicroseconds">User and system time together; in steps of 10 ms.</param>
/// <param name="ResidentBytes">Memory in use now.</param>
/// <param name="PeakResidentBytes">The most that it was.</param>
internal sealed record ProcessFigures(long CpuMicroseconds, long ResidentBytes, long PeakResidentBytes)
{
    // Linux counts processor time in hundredths of a second towards programs, whatever its own clock is.
    private const long MicrosecondsPerTick = 10_000;

    public static ProcessFigures Read(int processId)
    {
        // The second field is the name, in brackets, and may hold anything.
        var stat = File.ReadAllText($"/proc/{processId}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = Number(fields[11]) + Number(fields[12]);
        var status = File.ReadAllLines($"/proc/{processId}/status");
        return new ProcessFigures(ticks * MicrosecondsPerTick, Kilobytes(status, "VmRSS:"),
            Kilobytes(status, "VmHWM:"));
    }

    private static long Kilobytes(string[] status, string name) =>
        Number(status.First(line =>
            line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "").Trim()) * 1024;

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
