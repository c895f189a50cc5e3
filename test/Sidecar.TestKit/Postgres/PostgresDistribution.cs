using System.Diagnostics;
using System.Globalization;

namespace Sidecar.TestKit.Postgres;

/// <summary>The programs of one PostgreSQL on this machine.</summary>
/// <param name="Home">The folder whose <c>bin</c> has <c>initdb</c> and <c>postgres</c>.</param>
/// <param name="Version">For instance 15.18, as <c>postgres --version</c> says it.</param>
/// <param name="FoundBy">What named it, for messages.</param>
public sealed record PostgresDistribution(string Home, string Version, string FoundBy)
{
    /// <summary>Where Debian's package puts its versions, a folder each.</summary>
    public const string DebianFolder = "/usr/lib/postgresql";

    /// <summary>15, 18.</summary>
    public int Major => int.Parse(Version.Split('.')[0], CultureInfo.InvariantCulture);

    public override string ToString() => $"PostgreSQL {Version} ({FoundBy})";

    /// <summary>
    /// Those of this machine, the one that goes first first: <c>POSTGRES_HOME</c>, then Debian's, newest version first.
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>POSTGRES_HOME</c> is set and is no distribution.</exception>
    public static IReadOnlyList<PostgresDistribution> Find()
    {
        List<PostgresDistribution> found = [];
        if (System.Environment.GetEnvironmentVariable("POSTGRES_HOME") is { Length: > 0 } home)
        {
            found.Add(At(Path.GetFullPath(home), "POSTGRES_HOME")
                ?? throw new InvalidOperationException($"POSTGRES_HOME={home} has no bin/initdb and bin/postgres that run here"));
        }

        var debian = Directory.Exists(DebianFolder) ? Directory.EnumerateDirectories(DebianFolder) : [];
        var others = debian.Select(folder => At(folder, folder)).OfType<PostgresDistribution>()
            .Where(other => found.TrueForAll(one => one.Home != other.Home));
        found.AddRange(others.OrderByDescending(other => other.Major));
        return found;
    }

    /// <summary>What its programs need in their environment.</summary>
    internal IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    internal string Program(string name) => Path.Combine(Home, "bin", name);

    private static PostgresDistribution? At(string home, string foundBy)
    {
        var server = Path.Combine(home, "bin", "postgres");
        if (!File.Exists(server) || !File.Exists(Path.Combine(home, "bin", "initdb"))) return null;
        var environment = LostLinks.EnvironmentFor(home);
        var start = new ProcessStartInfo(server, "--version") { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
        var words = process.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        return words.Length > 2
            ? new PostgresDistribution(home, words[2].Trim(), foundBy) { Environment = environment } : null;
    }
}
