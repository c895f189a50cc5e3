using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Sidecar.TestKit;

namespace Sidecar.LoadTest;

/// <summary>What a result was measured on.</summary>
internal static class Machine
{
    /// <summary>Processor, memory and system.</summary>
    public static string Describe()
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

    /// <summary>The commit of the tree, marked where files have changed since.</summary>
    public static string Commit()
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
