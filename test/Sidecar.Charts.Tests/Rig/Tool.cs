using Sidecar.TestKit.Processes;

namespace Sidecar.Charts.Tests.Rig;

/// <summary>What a program wrote, and how it ended.</summary>
internal sealed record Answer(int ExitCode, string Output, string Errors);

/// <summary>
/// A program that is not ours: in the folder that <c>KUBE_TOOLS</c> names, else on the PATH. Where there is none, the test
/// that asks for it is skipped and says so.
/// </summary>
internal sealed class Tool(string name, string whence)
{
    public static readonly Tool Helm = new("helm", "helm 3.8 or later");
    public static readonly Tool HelmDocs = new("helm-docs", "helm-docs");
    public static readonly Tool KubeScore = new("kube-score", "kube-score");
    public static readonly Tool Promtool = new("promtool", "Debian's package prometheus");
    public static readonly Tool Prometheus = new("prometheus", "Debian's package prometheus");
    public static readonly Tool Kubectl = new("kubectl", "kubectl");
    public static readonly Tool KubeRig = new("kube-rig", "a script that starts a Kubernetes without nodes");

    public static readonly Tool Docker = new("docker", "a Docker engine");

    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(90);

    public string Name => name;

    /// <summary>Where it is; null: nowhere.</summary>
    public string? Path { get; } = Folders().Select(folder => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Skips the test where the program is not there.</summary>
    public void Require()
    {
        if (Path is null) Assert.Ignore($"there is no {name}, neither in KUBE_TOOLS nor on the PATH ({whence})");
    }

    /// <summary>Runs it to its end, which must come within a minute and a half unless more is given.</summary>
    public async Task<Answer> RunAsync(IEnumerable<string> arguments, string? folder = null,
        IReadOnlyDictionary<string, string?>? environment = null, TimeSpan? timeout = null)
    {
        Require();
        await using var process = Start(arguments, folder, environment);
        var exitCode = await process.WaitForExitAsync(timeout ?? Usual);
        var errors = string.Join('\n', process.ErrorLines);
        var output = string.Join('\n', process.OutputLines);
        return new Answer(exitCode, output, errors);
    }

    /// <summary>Starts it; whoever asked stops it.</summary>
    public ProgramProcess Start(IEnumerable<string> arguments, string? folder = null,
        IReadOnlyDictionary<string, string?>? environment = null) =>
        ProgramProcess.Start(new ProgramPath(Path!, [], IsPublished: false), arguments, environment, folder);

    private static IEnumerable<string> Folders() => ((string?[])
        [Environment.GetEnvironmentVariable("KUBE_TOOLS"), .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')])
        .OfType<string>().Where(folder => folder.Length > 0);
}
