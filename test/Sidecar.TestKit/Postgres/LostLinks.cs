namespace Sidecar.TestKit.Postgres;

/// <summary>
/// A distribution that was carried by something that knows no symbolic links: where <c>libpq.so.5</c> should link to
/// <c>libpq.so.5.18</c> there is a small text file with that name in it, and no program of it starts. The links are made
/// again in a temporary folder, which the programs search first; the distribution itself is not touched.
/// </summary>
internal static class LostLinks
{
    private const int LongestName = 100;

    /// <summary>What its programs need in their environment: nothing, where no link was lost.</summary>
    public static IReadOnlyDictionary<string, string> EnvironmentFor(string home)
    {
        var libraries = Path.Combine(home, "lib");
        var lost = Directory.Exists(libraries) ? Find(libraries) : [];
        if (lost.Count == 0) return new Dictionary<string, string>();

        var folder = Directory.CreateTempSubdirectory("sidecar-postgres-links-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        foreach (var (name, target) in lost) File.CreateSymbolicLink(Path.Combine(folder, name), target);
        // Whichever user the server runs as reads it.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        return new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = $"{folder}:{libraries}" };
    }

    private static Dictionary<string, string> Find(string libraries)
    {
        Dictionary<string, string> lost = [];
        foreach (var file in new DirectoryInfo(libraries).EnumerateFiles("*.so*"))
        {
            if (file.LinkTarget is not null || file.Length is 0 or > LongestName) continue;
            var target = Path.Combine(libraries, File.ReadAllText(file.FullName).Trim());
            if (File.Exists(target)) lost.Add(file.Name, target);
        }

        return lost;
    }
}
