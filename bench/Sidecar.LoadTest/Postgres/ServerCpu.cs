using System.Globalization;

namespace Sidecar.LoadTest.Postgres;

/// <summary>Processor time of a PostgreSQL server, from Linux, in steps of 10 ms for each process.</summary>
internal static class ServerCpu
{
    private const long MicrosecondsPerTick = 10_000;

    /// <summary>All its processes since it was started, those that have ended too, in microseconds.</summary>
    /// <param name="postmaster">The id of its first process.</param>
    public static long Total(int postmaster)
    {
        var total = Read(postmaster) is { } first ? first.Own + first.Ended : 0;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var id) && Read(id) is { } process && process.Parent == postmaster)
                total += process.Own + process.Ended;
        }

        return total * MicrosecondsPerTick;
    }

    /// <summary>Some of its processes since they were started, in microseconds.</summary>
    public static long Of(IEnumerable<int> processes) =>
        processes.Sum(id => Read(id)?.Own ?? 0) * MicrosecondsPerTick;

    private static (int Parent, long Own, long Ended)? Read(int id)
    {
        try
        {
            // The second field is the name, in brackets, and may hold anything.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return ((int)Number(1), Number(11) + Number(12), Number(13) + Number(14));

            long Number(int field) => long.Parse(fields[field], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
