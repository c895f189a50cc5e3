using Sidecar.Tidy.Tests.Reading;

namespace Sidecar.Tidy.Tests.Rules;

/// <summary>What is there is also written down.</summary>
public static class Documents
{
    public const string Architecture = "docs/ARCHITECTURE.md";

    /// <summary>The map names every folder of the products, as code or followed by a slash.</summary>
    public static IEnumerable<Finding> CheckFolders(string page, IEnumerable<Project> projects) => projects
        .SelectMany(project => project.Files.Select(file => (project, Folder: project.FolderOf(file).Split('/')[0])))
        .Where(found => found.Folder.Length > 0).Distinct()
        .Where(found => !page.Contains($"`{found.Folder}`", StringComparison.Ordinal)
            && !page.Contains($"{found.Folder}/", StringComparison.Ordinal))
        .Select(found => new Finding(Architecture, 0,
            $"the folder {found.project.Folder}/{found.Folder} is not on the map"));

    /// <summary>What the solution leaves out is neither built nor tested.</summary>
    public static IEnumerable<Finding> CheckSolution(string solution, IEnumerable<string> projects) => projects
        .Where(path => !solution.Contains($"\"{path.Replace('/', '\\')}\"", StringComparison.Ordinal))
        .Select(path => new Finding(path, 0, "the project is not in Sidecar.sln"));
}
