using Sidecar.Tidy.Tests.Reading;
using Sidecar.Tidy.Tests.Rules;

namespace Sidecar.Tidy.Tests;

/// <summary>
/// The rules of the house, held against the tree. What each rule finds when it is broken: the other fixtures.
/// </summary>
[TestFixture]
public sealed class HouseTests
{
    private static readonly Project Agent = new("agent", "Sidecar.Agent", SourceTree.Below("agent"));
    private static readonly Project Relay = new("outbox-relay", "Sidecar.OutboxRelay",
        SourceTree.Below("outbox-relay"));
    private static readonly Project Client = new("clients/dotnet", "Sidecar.Client",
        SourceTree.Below("clients/dotnet"));

    private static readonly string[] AgentOrder =
    [
        "Contracts", "Telemetry", "Kafka", "Tracking", "Delivery", "DeadLetter", "Admission", "Dispatch", "Health",
        "Commit", "Source", "Subscriptions", "Manifests", "Operating", FolderOrder.TheLine, "Hosting",
        "Commands",
    ];

    private static readonly string[] RelayOrder =
    [
        "Contracts", "Telemetry", "Lease", "Lanes", "Store", "Wal", "Postgres", "Publish", FolderOrder.TheLine,
        "Upkeep", "Doctor", "Hosting", "Commands",
    ];

    [Test]
    public void The_agents_folders_use_only_folders_before_them() => None(FolderOrder.Check(Agent, AgentOrder));

    [Test]
    public void The_relays_folders_use_only_folders_before_them() => None(FolderOrder.Check(Relay, RelayOrder));

    [Test]
    public void Namespaces_are_folders() => None(Products.SelectMany(FolderOrder.CheckNamespaces));

    [Test]
    public void No_files_use_each_other_in_a_circle() => None(Products.SelectMany(Cycles.Check));

    [Test]
    public void Files_methods_lines_and_constructors_keep_to_their_size() =>
        None(SourceTree.CSharp.SelectMany(Sizes.Check));

    [Test]
    public void Types_and_folders_have_names_that_say_something() =>
        None(SourceTree.CSharp.SelectMany(Names.CheckTypes).Concat(Names.CheckFolders(SourceTree.TextFiles)));

    [Test]
    public void Nobody_waits_in_a_way_that_is_not_allowed() => None(Products.SelectMany(Waiting.CheckProduct));

    [Test]
    public void Every_allowance_is_used_and_has_a_reason()
    {
        None(Waiting.CheckAllowances(Products));
        Assert.That(Waiting.Allowed.Values, Has.All.Matches<string>(reason => reason.Length > 20));
    }

    [Test]
    public void Tests_do_not_sleep() => None(SourceTree.Below("test")
        .Where(file => !file.Path.EndsWith("/Until.cs", StringComparison.Ordinal)).SelectMany(Waiting.CheckTest));

    [Test]
    public void No_work_is_put_off_in_a_comment() =>
        // .editorconfig names the word to forbid it.
        None(SourceTree.TextFiles.Where(path => path != ".editorconfig")
            .SelectMany(path => Words.CheckPutOff(path, SourceTree.Read(path))));

    [Test]
    public void No_file_names_a_machine_or_a_registry() =>
        None(SourceTree.TextFiles.SelectMany(path => Words.CheckMachine(path, SourceTree.Read(path))));

    [Test]
    public void Every_folder_of_the_two_products_stands_in_the_architecture_page() =>
        None(Documents.CheckFolders(SourceTree.Read("docs/ARCHITECTURE.md"), [Agent, Relay]));

    [Test]
    public void Every_project_is_in_the_solution() => None(Documents.CheckSolution(
        SourceTree.Read("Sidecar.sln"),
            SourceTree.TextFiles.Where(path => path.EndsWith(".csproj", StringComparison.Ordinal))));

    [Test]
    public void Every_test_that_the_page_of_traps_names_exists()
    {
        var tests = SourceTree.Below("test").SelectMany(file => file.Root.DescendantNodes()
            .OfType<Microsoft.CodeAnalysis.CSharp.Syntax.MethodDeclarationSyntax>())
            .Select(method => method.Identifier.Text).ToHashSet();
        var named = SourceTree.Read("docs/TRAPS.md").Split('`').Where((_, place) => place % 2 == 1).Distinct().ToList();
        Assert.That(named, Has.Count.GreaterThan(40), "the page was read");
        Assert.That(named.Where(name => !tests.Contains(name)), Is.Empty);
    }

    private static Project[] Products => [Agent, Relay, Client];

    private static void None(IEnumerable<Finding> findings)
    {
        var found = findings.Select(finding => finding.ToString()).ToList();
        Assert.That(found, Is.Empty, string.Join('\n', found));
    }
}
