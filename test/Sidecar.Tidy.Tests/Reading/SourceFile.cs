using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Sidecar.Tidy.Tests.Reading;

/// <summary>One C# file: its text and its syntax tree.</summary>
public sealed class SourceFile
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.Preview);

    /// <param name="path">Relative to the root of the tree, with slashes.</param>
    /// <param name="text">What it says.</param>
    public SourceFile(string path, string text)
    {
        Path = path;
        Text = text;
        Tree = CSharpSyntaxTree.ParseText(text, Options, path);
        Root = Tree.GetCompilationUnitRoot();
    }

    public string Path { get; }

    public string Text { get; }

    public SyntaxTree Tree { get; }

    public CompilationUnitSyntax Root { get; }

    public string Name => System.IO.Path.GetFileName(Path);

    public IReadOnlyList<string> Lines => Text.Split('\n');

    /// <summary>The line of a node, 1 and up.</summary>
    public static int LineOf(SyntaxNode node) => node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;

    /// <summary>How many lines a node takes, without the comments before it.</summary>
    public static int LengthOf(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    public Finding Finding(SyntaxNode node, string what) => new(Path, LineOf(node), what);
}
