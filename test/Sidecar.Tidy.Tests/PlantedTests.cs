using Sidecar.Tidy.Tests.Reading;
using Sidecar.Tidy.Tests.Rules;

namespace Sidecar.Tidy.Tests;

/// <summary>Each rule finds what it is for: a rule that cannot fail is none.</summary>
[TestFixture]
public sealed class PlantedTests
{
    private static readonly string[] Order = ["First", "Second", FolderOrder.TheLine, "Hosting"];

    [Test]
    public void A_folder_that_uses_a_later_one_is_found_however_it_names_it()
    {
        const string Later = "namespace P.Second; public sealed class Later { public static int One => 1; }";
        foreach (var use in (string[])["using P.Second; namespace P.First; class A { Later? l; }",
                     "namespace P.First; class A { Second.Later? l; }",
                     "namespace P.First; class A { object o = new P.Second.Later(); }",
                     "namespace P.First; class A { int i = P.Second.Later.One; }"])
        {
            var found = FolderOrder.Check(Tree(("First/A.cs", use), ("Second/Later.cs", Later)), Order).ToList();
            Assert.That(found.Select(finding => finding.What),
                Is.EqualTo((string[])["First uses Later of Second, which comes after it"]), use);
        }
    }

    [Test]
    public void The_line_may_use_the_stages_and_no_stage_the_line()
    {
        var tree = Tree(
            ("Line.cs", "namespace P; class Line { First.A? a; }"),
            ("First/A.cs", "namespace P.First; class A { }"),
            ("Second/B.cs", "namespace P.Second; class B { Line? l; }"));

        Assert.That(FolderOrder.Check(tree, Order).Select(finding => finding.File),
            Is.EqualTo((string[])["p/Second/B.cs"]));
    }

    [Test]
    public void Program_comes_last()
    {
        var tree = Tree(("Program.cs", "namespace P; class Program { }"),
            ("Hosting/A.cs", "namespace P.Hosting; class A { Program? p; }"));
        Assert.That(FolderOrder.Check(tree, Order).ToList(), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_folder_without_a_place_in_the_order_is_found() =>
        Assert.That(FolderOrder.Check(Tree(("New/A.cs", "namespace P.New; class A { }")), Order).ToList(),
            Has.Count.EqualTo(1));

    [Test]
    public void Names_in_comments_strings_and_members_are_no_uses()
    {
        var tree = Tree(
            ("First/A.cs", """
                namespace P.First;
                /// <summary>As <see cref="P.Second.Later"/>.</summary>
                class A { /* P.Second.Later */ string s = "P.Second.Later"; int Later; }
                """),
            ("Second/Later.cs", "namespace P.Second; public sealed class Later { }"));

        Assert.That(FolderOrder.Check(tree, Order), Is.Empty);
    }

    [Test]
    public void Types_of_the_same_name_in_two_folders_are_told_apart()
    {
        var tree = Tree(
            ("First/A.cs", "namespace P.First; class A { Log? l; }"),
            ("First/Log.cs", "namespace P.First; class Log { }"),
            ("Second/Log.cs", "namespace P.Second; class Log { }"));

        Assert.That(FolderOrder.Check(tree, Order), Is.Empty);
    }

    [Test]
    public void A_namespace_that_is_not_the_folder_is_found() =>
        Assert.That(FolderOrder.CheckNamespaces(Tree(("First/A.cs", "namespace P.Second; class A { }"))).ToList(),
            Has.Count.EqualTo(1));

    [Test]
    public void A_circle_of_three_files_is_found_once()
    {
        var tree = Tree(
            ("A.cs", "namespace P; class A { B? b; }"), ("B.cs", "namespace P; class B { C? c; }"),
                ("C.cs", "namespace P; class C { A? a; }"),
            ("D.cs", "namespace P; class D { A? a; }"));

        Assert.That(Cycles.Check(tree).Single().What, Does.Contain("A.cs (B) -> B.cs (C) -> C.cs (A) -> A.cs"));
    }

    [Test]
    public void The_parts_of_one_type_are_no_circle()
    {
        var tree = Tree(
            ("A.cs", "namespace P; partial class A { A? a; }"),
                ("A.Rest.cs", "namespace P; partial class A { A? b; }"));
        Assert.That(Cycles.Check(tree), Is.Empty);
    }

    [TestCase(300, 0)]
    [TestCase(301, 1)]
    public void A_file_that_is_too_long_is_found(int lines, int findings) =>
        Assert.That(Sizes.Check(File(string.Concat(Enumerable.Repeat("\n", lines)))).Count(), Is.EqualTo(findings));

    [TestCase(140, 0)]
    [TestCase(141, 1)]
    public void A_line_that_is_too_long_is_found(int columns, int findings) =>
        Assert.That(Sizes.Check(File("//" + new string('x', columns - 2))).Count(), Is.EqualTo(findings));

    [TestCase(57, 0)]
    [TestCase(58, 1)]
    public void A_method_that_is_too_long_is_found(int lines, int findings) =>
        Assert.That(
            Sizes.Check(File("class A { void M()\n{" + new string('\n', lines) + "\n} }")).Count(),
            Is.EqualTo(findings));

    [TestCase("class A { A(int a, int b, int c, int d, int e, int f) { } }", 1)]
    [TestCase("class A(int a, int b, int c, int d, int e, int f);", 1)]
    [TestCase("class A(int a, int b, int c, int d, int e);", 0)]
    [TestCase("record A(int B, int C, int D, int E, int F, int G);", 0)]
    public void A_constructor_that_is_given_too_much_is_found(string text, int findings) =>
        Assert.That(Sizes.Check(File(text)).Count(), Is.EqualTo(findings));

    [TestCase("class KafkaUtils { }", 1)]
    [TestCase("static class Helpers { }", 1)]
    [TestCase("enum OffsetManager { }", 1)]
    [TestCase("class Commonwealth { }", 0)]
    public void A_type_whose_name_says_nothing_is_found(string text, int findings) =>
        Assert.That(Names.CheckTypes(File(text)).Count(), Is.EqualTo(findings));

    [Test]
    public void A_folder_whose_name_says_nothing_is_found() =>
        Assert.That(Names.CheckFolders(["agent/Common/A.cs", "agent/Commit/A.cs"]).Count(), Is.EqualTo(1));

    [TestCase("async void M() { }", "async void")]
    [TestCase("int M(Task<int> t) => t.Result;", ".Result")]
    [TestCase("void M(Task t) => t.Wait();", ".Wait")]
    [TestCase("void M(Task t) => t.GetAwaiter().GetResult();", "GetAwaiter().GetResult()")]
    [TestCase("Task M() => Task.Run(() => { });", "Task.Run")]
    public void Waiting_in_a_way_that_is_not_allowed_is_found(string member, string what) =>
        Assert.That(Waiting.CheckProduct(Tree(("A.cs", $"namespace P; class A {{ {member} }}"))).Single().What,
            Does.StartWith(what + ":"));

    [Test]
    public void A_result_that_is_no_task_is_not_waiting() =>
        Assert.That(Waiting.CheckProduct(Tree(("A.cs", "namespace P; class A { A? Result; A? M(A a) => a.Result; }"))),
            Is.Empty);

    [TestCase("Thread.Sleep(5);", 1)]
    [TestCase("await Task.Delay(5);", 1)]
    [TestCase("await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);", 1)]
    [TestCase("await Task.Delay(TimeSpan.FromSeconds(1), fakeTime);", 0)]
    [TestCase("await Task.Delay(Timeout.Infinite, token);", 0)]
    public void A_test_that_sleeps_is_found(string statement, int findings) =>
        Assert.That(Waiting.CheckTest(File($"class A {{ async Task M() {{ {statement} }} }}")).Count(),
            Is.EqualTo(findings));

    [Test]
    public void Put_off_work_is_found() =>
        Assert.That(Words.CheckPutOff("a.md", "fine\n// TO" + "DO later").Single().Line, Is.EqualTo(2));

    [TestCase("see /wo" + "rk/shared", 1)]
    [TestCase("/ho" + "me/ann/src", 1)]
    [TestCase("https://registry.np" + "mjs.org/x", 1)]
    [TestCase("../work/x, ${x}/work/, /tmp/x, at home/ann", 0)]
    public void A_machine_or_a_registry_is_found(string text, int findings) =>
        Assert.That(Words.CheckMachine("a.md", text).Count(), Is.EqualTo(findings));

    [Test]
    public void A_folder_that_is_not_on_the_map_is_found()
    {
        var tree = Tree(("First/A.cs", "namespace P.First; class A { }"),
            ("Second/B.cs", "namespace P.Second; class B { }"));
        Assert.That(Documents.CheckFolders("`First` is where it begins", [tree]).Single().What,
            Does.Contain("p/Second"));
    }

    [Test]
    public void A_project_that_is_not_in_the_solution_is_found() =>
        Assert.That(Documents.CheckSolution("\"a\\A.csproj\"", ["a/A.csproj", "b/B.csproj"]).Single().File,
            Is.EqualTo("b/B.csproj"));

    private static SourceFile File(string text) => new("p/A.cs", text);

    private static Project Tree(params (string Path, string Text)[] files) =>
        new("p", "P", files.Select(file => new SourceFile($"p/{file.Path}", file.Text)));
}
