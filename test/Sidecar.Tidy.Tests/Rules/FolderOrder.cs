using Sidecar.Tidy.Tests.Reading;

namespace Sidecar.Tidy.Tests.Rules;

/// <summary>Folder = stage = namespace, in a fixed order; a folder uses only folders before it.</summary>
public static class FolderOrder
{
    /// <summary>
    /// Stands in an order for the files that lie in the project's folder itself, all but <c>Program.cs</c>.
    /// </summary>
    public const string TheLine = "";

    private const string Entry = "Program.cs";

    /// <param name="project">The project.</param>
    /// <param name="order">Its folders, first to last.</param>
    public static IEnumerable<Finding> Check(Project project, IReadOnlyList<string> order)
    {
        foreach (var file in project.Files.Where(file => Rank(project, file, order) < 0))
            yield return new Finding(file.Path, 0,
                $"the folder {Stage(project, file)} has no place in the order of {project.Folder}");

        foreach (var use in project.Uses)
        {
            var (from, to) = (Rank(project, use.From, order), Rank(project, use.To, order));
            if (from >= 0 && to > from)
                yield return use.From.Finding(use.Place,
                    $"{Where(project, use.From)} uses {use.Type} of {Where(project, use.To)}, which comes after it");
        }
    }

    /// <summary>A file's namespace is that of its folder.</summary>
    public static IEnumerable<Finding> CheckNamespaces(Project project)
    {
        foreach (var file in project.Files)
        {
            var folder = project.FolderOf(file);
            var expected = folder.Length == 0 ? project.RootNamespace
                : $"{project.RootNamespace}.{folder.Replace('/', '.')}";
            foreach (var declared in file.Root.DescendantNodes()
                         .OfType<Microsoft.CodeAnalysis.CSharp.Syntax.BaseNamespaceDeclarationSyntax>())
            {
                if (declared.Name.ToString() != expected)
                    yield return file.Finding(declared,
                        $"the namespace is {declared.Name}, the folder says {expected}");
            }
        }
    }

    private static int Rank(Project project, SourceFile file, IReadOnlyList<string> order)
    {
        var isEntry = project.FolderOf(file).Length == 0 && file.Name == Entry;
        return isEntry ? order.Count : order.ToList().IndexOf(Stage(project, file));
    }

    private static string Stage(Project project, SourceFile file) => project.FolderOf(file).Split('/')[0];

    private static string Where(Project project, SourceFile file) =>
        Stage(project, file) is { Length: > 0 } stage ? stage : file.Name;
}
