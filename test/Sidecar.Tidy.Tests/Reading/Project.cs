using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Sidecar.Tidy.Tests.Reading;

/// <summary>
/// The files of one project, bound by the compiler, so that a name stands for the type that it means. Only the
/// project's
/// own types have to be found; what generators would add, and packages that are not here, may stay unknown.
/// </summary>
public sealed class Project
{
    private const string ImplicitUsings =
        "global using System; global using System.Collections.Generic; global using System.IO; "
        + "global using System.Linq; global using System.Net.Http; global using System.Threading; "
        + "global using System.Threading.Tasks;";

    private static readonly IReadOnlyList<MetadataReference> References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path))];

    private readonly CSharpCompilation compilation;
    private readonly Lazy<IReadOnlyList<Use>> uses;
    private readonly Dictionary<SyntaxTree, SourceFile> files;

    /// <param name="folder">The project's folder, relative to the root of the tree.</param>
    /// <param name="rootNamespace">The namespace of the files that lie in it directly.</param>
    /// <param name="sources">Its C# files.</param>
    public Project(string folder, string rootNamespace, IEnumerable<SourceFile> sources)
    {
        Folder = folder;
        RootNamespace = rootNamespace;
        Files = [.. sources];
        files = Files.ToDictionary(file => file.Tree);
        uses = new Lazy<IReadOnlyList<Use>>(() => [.. FindUses()]);
        compilation = CSharpCompilation.Create(
            "read", [.. files.Keys, new SourceFile("implicit.cs", ImplicitUsings).Tree], References,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, allowUnsafe: true));
    }

    public string Folder { get; }

    public string RootNamespace { get; }

    public IReadOnlyList<SourceFile> Files { get; }

    /// <summary>The folder of a file inside the project, with slashes; empty for the root.</summary>
    public string FolderOf(SourceFile file) =>
        Path.GetDirectoryName(file.Path[(Folder.Length + 1)..])!.Replace('\\', '/');

    /// <summary>Which file uses a type of which other file, and where; one for each pair.</summary>
    public IReadOnlyList<Use> Uses => uses.Value;

    /// <summary>The type of an expression, where the compiler knows it.</summary>
    public ITypeSymbol? TypeOf(SourceFile file, ExpressionSyntax expression) =>
        compilation.GetSemanticModel(file.Tree).GetTypeInfo(expression).Type;

    private IEnumerable<Use> FindUses()
    {
        // Only names that are declared here can mean something of ours: the compiler is asked about these alone.
        var declared = Files.SelectMany(file => file.Root.DescendantNodes()).Select(DeclaredName)
            .OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var file in Files)
        {
            var model = compilation.GetSemanticModel(file.Tree);
            var own = DeclaredTypes(file, model).ToHashSet(SymbolEqualityComparer.Default);
            var seen = new HashSet<SourceFile>();
            foreach (var name in file.Root.DescendantNodes().OfType<SimpleNameSyntax>())
            {
                if (!declared.Contains(name.Identifier.Text)) continue;
                if (TypeOf(model, name) is not { } type || own.Contains(type)) continue;
                foreach (var target in DeclaringFiles(type).Where(seen.Add)) yield return new Use(file, target, name,
                    type.Name);
            }
        }
    }

    // A type, an attribute by its short name, or an extension method.
    private static string? DeclaredName(SyntaxNode node) => node switch
    {
        BaseTypeDeclarationSyntax type when type.Identifier.Text.EndsWith("Attribute", StringComparison.Ordinal) =>
            type.Identifier.Text[..^"Attribute".Length],
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        DelegateDeclarationSyntax type => type.Identifier.Text,
        MethodDeclarationSyntax { ParameterList.Parameters: [{ Modifiers: var modifiers }, ..] } method
            when modifiers.ToString().Contains("this", StringComparison.Ordinal) => method.Identifier.Text,
        _ => null,
    };

    // A name that means a type, or an extension method, which stands for the type that declares it.
    private static INamedTypeSymbol? TypeOf(SemanticModel model, SimpleNameSyntax name)
    {
        var info = model.GetSymbolInfo(name);
        return (info.Symbol ?? info.CandidateSymbols.FirstOrDefault()) switch
        {
            INamedTypeSymbol type => type.OriginalDefinition,
            IMethodSymbol { MethodKind: MethodKind.Constructor } constructor =>
                constructor.ContainingType.OriginalDefinition,
            IMethodSymbol { IsExtensionMethod: true } method => method.ContainingType.OriginalDefinition,
            _ => null,
        };
    }

    private static IEnumerable<INamedTypeSymbol> DeclaredTypes(SourceFile file, SemanticModel model) =>
        file.Root.DescendantNodes().OfType<MemberDeclarationSyntax>()
            .Where(node => node is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax)
            .Select(node => (INamedTypeSymbol)model.GetDeclaredSymbol(node)!);

    private IEnumerable<SourceFile> DeclaringFiles(INamedTypeSymbol type) => type.DeclaringSyntaxReferences
        .Select(reference => files.GetValueOrDefault(reference.SyntaxTree)).OfType<SourceFile>();
}

/// <summary>One file names a type that another declares.</summary>
public sealed record Use(SourceFile From, SourceFile To, SyntaxNode Place, string Type);
