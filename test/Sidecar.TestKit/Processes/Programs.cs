namespace Sidecar.TestKit.Processes;

/// <summary>A program of ours that can be started.</summary>
/// <param name="File">What is executed.</param>
/// <param name="Arguments">What comes before the caller's own arguments.</param>
/// <param name="IsPublished">The native program that <c>eng/publish</c> made; else the build output on the JIT.</param>
public sealed record ProgramPath(string File, IReadOnlyList<string> Arguments, bool IsPublished);

/// <summary>
/// Finds the programs under test: those in the folder that <c>SIDECAR_PUBLISHED</c> names, else the build output.
/// </summary>
public static class Programs
{
    /// <summary>The folder of the published programs, or null.</summary>
    public static string? PublishedFolder { get; } =
        Variable("SIDECAR_PUBLISHED") is { } folder ? Path.GetFullPath(folder) : null;

    public static ProgramPath Agent => Find("agent", "agent");

    public static ProgramPath OutboxRelay => Find("outbox-relay", "outbox-relay");

    /// <summary>Which kind is tested, for the first lines of the output.</summary>
    public static string Describe() =>
        PublishedFolder is null ? "the build output (JIT)" : $"the native programs in {PublishedFolder}";

    /// <summary>The build output of a project that is never published, for instance a sample.</summary>
    /// <param name="projectFolder">Relative to the root of the tree.</param>
    /// <param name="assembly">The name of its program.</param>
    /// <exception cref="FileNotFoundException">It was not built.</exception>
    public static ProgramPath Built(string projectFolder, string assembly)
    {
        var own = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
        foreach (var configuration in (string[])[own, own == "Release" ? "Debug" : "Release"])
        {
            var dll = Repository.At(projectFolder, "bin", configuration, "net10.0", assembly + ".dll");
            if (File.Exists(dll)) return new ProgramPath(DotnetHost(), [dll], IsPublished: false);
        }

        throw new FileNotFoundException($"{assembly} was not built: dotnet build {projectFolder} -c {own}");
    }

    private static ProgramPath Find(string projectFolder, string program)
    {
        if (PublishedFolder is null) return Built(projectFolder, program);
        var file = Path.Combine(PublishedFolder, program, program);
        if (File.Exists(file)) return new ProgramPath(file, [], IsPublished: true);
        throw new FileNotFoundException($"SIDECAR_PUBLISHED={PublishedFolder} has no {program}/{program}", file);
    }

    private static string DotnetHost() => Variable("DOTNET_HOST_PATH") ?? "dotnet";

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
