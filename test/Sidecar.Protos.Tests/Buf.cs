using Sidecar.TestKit;
using Sidecar.TestKit.Processes;

namespace Sidecar.Protos.Tests;

/// <summary>
/// buf, as <c>npm ci</c> in <c>protos/</c> installs it; where it is not installed the test is skipped.
/// </summary>
internal static class Buf
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    public static string Protos => Repository.At("protos");

    public static string Baseline => Repository.At("protos", "baseline", "image.txtpb");

    /// <summary>Runs it in a folder.</summary>
    /// <returns>The exit code, and what it wrote.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(string folder, params string[] arguments)
    {
        var program = Path.Combine(Protos, "node_modules", ".bin", "buf");
        if (!File.Exists(program)) Assert.Ignore("buf is not installed: run npm ci in protos/ (it needs Node.js)");
        var buf = new ProgramPath(program, [], IsPublished: false);
        await using var process = ProgramProcess.Start(buf, arguments, folder: folder);
        var exitCode = await process.WaitForExitAsync(Timeout);
        return (exitCode, process.Output);
    }

    /// <summary>A copy of the contracts in which one text is replaced; the caller deletes the folder.</summary>
    public static string CopyWith(string file, string text, string replacement)
    {
        var copy = Directory.CreateTempSubdirectory("sidecar-protos-").FullName;
        var sources = Directory.EnumerateFiles(Protos, "*.proto", SearchOption.AllDirectories)
            .Where(source => !source.Contains("node_modules", StringComparison.Ordinal))
            .Append(Path.Combine(Protos, "buf.yaml"));
        foreach (var source in sources)
        {
            var target = Path.Combine(copy, Path.GetRelativePath(Protos, source));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target);
        }

        var changed = Path.Combine(copy, file);
        var before = File.ReadAllText(changed);
        Assert.That(before, Does.Contain(text), $"the text to replace is not in {file}");
        File.WriteAllText(changed, before.Replace(text, replacement, StringComparison.Ordinal));
        return copy;
    }
}
