using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sidecar.Tidy.Tests.Reading;

namespace Sidecar.Tidy.Tests.Rules;

/// <summary>No type and no folder with a name that says nothing.</summary>
public static partial class Names
{
    public static IEnumerable<Finding> CheckTypes(SourceFile file) => file.Root.DescendantNodes()
        .OfType<BaseTypeDeclarationSyntax>()
        .Where(type => SaysNothing().IsMatch(type.Identifier.Text))
        .Select(type => file.Finding(type, $"{type.Identifier.Text}: name it after what it does"));

    public static IEnumerable<Finding> CheckFolders(IEnumerable<string> paths) => paths
        .SelectMany(path => path.Split('/')[..^1].Where(folder => SaysNothing().IsMatch(folder))
            .Select(folder => (path, folder)))
        .Select(found => new Finding(found.path, 0, $"the folder {found.folder}: name it after what it holds"));

    [GeneratedRegex("(^|[a-z0-9._-])(Util|Utils|Utility|Utilities|Helper|Helpers|Common|Manager|Managers|Misc)$",
        RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SaysNothing();
}
