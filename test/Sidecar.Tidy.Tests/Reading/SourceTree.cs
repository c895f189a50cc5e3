using Sidecar.TestKit;

namespace Sidecar.Tidy.Tests.Reading;

/// <summary>The files of the repository as they lie on disk, without what is built or installed.</summary>
public static class SourceTree
{
    private static readonly HashSet<string> Made =
        ["bin", "obj", "artifacts", "node_modules", "TestResults", "__pycache__", ".git", ".vs", ".idea"];

    private static readonly HashSet<string> Binary = [".png", ".ico", ".gif", ".jpg", ".db", ".sqlite", ".pyc"];

    /// <summary>Every text file, as paths relative to the root with slashes.</summary>
    public static IReadOnlyList<string> TextFiles { get; } =
        [.. Walk("").Where(path => !Binary.Contains(Path.GetExtension(path))).Order(StringComparer.Ordinal)];

    /// <summary>Every C# file, parsed.</summary>
    public static IReadOnlyList<SourceFile> CSharp { get; } = [.. TextFiles
        .Where(path => path.EndsWith(".cs", StringComparison.Ordinal))
            .Select(path => new SourceFile(path, Read(path)))];

    /// <summary>The C# files below a folder.</summary>
    public static IReadOnlyList<SourceFile> Below(string folder) =>
        [.. CSharp.Where(file => file.Path.StartsWith(folder + "/", StringComparison.Ordinal))];

    public static string Read(string path) => File.ReadAllText(Repository.At(path));

    private static IEnumerable<string> Walk(string folder)
    {
        var directory = new DirectoryInfo(Repository.At(folder));
        foreach (var file in directory.EnumerateFiles())
        {
            // A work tree of git has a file of this name, with the machine's own path in it.
            if (file.Name != ".git" && file.LinkTarget is null) yield return Join(folder, file.Name);
        }

        foreach (var child in directory.EnumerateDirectories().Where(child => !Made.Contains(child.Name)))
        {
            foreach (var path in Walk(Join(folder, child.Name))) yield return path;
        }
    }

    private static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}/{name}";
}
