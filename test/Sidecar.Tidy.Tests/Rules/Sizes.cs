using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sidecar.Tidy.Tests.Reading;

namespace Sidecar.Tidy.Tests.Rules;

/// <summary>What fits on a screen and into a head.</summary>
public static class Sizes
{
    public const int MaxFileLines = 300;
    public const int MaxMethodLines = 60;
    public const int MaxColumns = 140;
    public const int MaxConstructorParameters = 5;

    public static IEnumerable<Finding> Check(SourceFile file)
    {
        var lines = file.Lines;
        if (lines.Count - 1 > MaxFileLines)
            yield return new Finding(file.Path, 0, $"{lines.Count - 1} lines; at most {MaxFileLines}");
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].Length > MaxColumns)
                yield return new Finding(file.Path, i + 1, $"{lines[i].Length} columns; at most {MaxColumns}");
        }

        foreach (var node in file.Root.DescendantNodes().Where(IsMethod))
        {
            if (SourceFile.LengthOf(node) is > MaxMethodLines and var length)
                yield return file.Finding(node, $"a method of {length} lines; at most {MaxMethodLines}");
        }

        foreach (var parameters in file.Root.DescendantNodes().OfType<ParameterListSyntax>().Where(IsOfConstructor))
        {
            if (parameters.Parameters.Count > MaxConstructorParameters)
                yield return file.Finding(parameters,
                    $"a constructor with {parameters.Parameters.Count} parameters; at most {MaxConstructorParameters}");
        }
    }

    private static bool IsMethod(SyntaxNode node) =>
        node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax;

    // Records are data: how many fields a thing has is not ours to choose. What a class is given is.
    private static bool IsOfConstructor(ParameterListSyntax list) =>
        list.Parent is ConstructorDeclarationSyntax or ClassDeclarationSyntax or StructDeclarationSyntax;
}
