using System.Diagnostics;

namespace Sidecar.TestKit.Postgres;

/// <summary>
/// The user that servers run as. PostgreSQL refuses to run as root: started by root, its programs run as
/// <c>postgres</c> or <c>nobody</c>, who then owns their folder.
/// </summary>
internal static class ServerAccount
{
    private static readonly string[] Candidates = ["postgres", "nobody"];

    private static readonly IReadOnlyDictionary<string, string> NoEnvironment = new Dictionary<string, string>();

    private static readonly (string User, string Group)? Other = Environment.IsPrivilegedProcess ? Unprivileged() : null;

    /// <summary>A program and its arguments, as they have to be started.</summary>
    public static IReadOnlyList<string> Line(string program, params IEnumerable<string> arguments) => Other is { } other
        ? ["setpriv", $"--reuid={other.User}", $"--regid={other.Group}", "--clear-groups", program, .. arguments]
        : [program, .. arguments];

    /// <summary>Gives a folder to that user.</summary>
    public static async Task OwnAsync(string folder)
    {
        if (Other is { } other) await RunAsync(["chown", "-R", $"{other.User}:{other.Group}", folder], NoEnvironment);
    }

    /// <summary>Runs a program of that user to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed; with what it wrote.</exception>
    public static Task RunAsAsync(string program, params IEnumerable<string> arguments) =>
        RunAsync(Line(program, arguments), NoEnvironment);

    /// <summary>Runs a program of a distribution, as that user, to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed; with what it wrote.</exception>
    public static Task RunAsAsync(PostgresDistribution distribution, string program, params IEnumerable<string> arguments) =>
        RunAsync(Line(distribution.Program(program), arguments), distribution.Environment);

    private static async Task RunAsync(IReadOnlyList<string> line, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(line[0])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var argument in line.Skip(1)) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{line[0]} did not start");
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', line)}:\n{await output}{await errors}");
    }

    private static (string User, string Group) Unprivileged()
    {
        var accounts = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(parts => parts.Length > 3);
        var known = accounts.ToDictionary(parts => parts[0], parts => (parts[2], parts[3]), StringComparer.Ordinal);
        foreach (var candidate in Candidates)
        {
            if (known.TryGetValue(candidate, out var ids)) return ids;
        }

        throw new InvalidOperationException("PostgreSQL refuses to run as root, and /etc/passwd has no postgres or nobody");
    }
}
