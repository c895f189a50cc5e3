using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Tests.Subscriptions;

public sealed class YamlTests
{
    [TestCase("a: &x 1", 1, 4, "anchors, aliases and tags")]
    [TestCase("a: 1\nb: *x", 2, 4, "anchors, aliases and tags")]
    [TestCase("a: !!int 1", 1, 4, "anchors, aliases and tags")]
    [TestCase("a: 1\nb: 2\na: 3", 3, 1, "the key \"a\" stands there twice")]
    [TestCase("a: 1\n---\nb: 2", 2, 1, "second document")]
    [TestCase("a: {b: {c: {d: {e: 1}}}}", 1, 16, "deeper than 4 levels")]
    [TestCase("a: [[[[1]]]]", 1, 7, "deeper than 4 levels")]
    [TestCase("? [a]\n: 1", 1, 3, "a key must be a text")]
    [TestCase("a: 'half", 1, 4, "not YAML")]
    [TestCase("a: b: c", 1, 5, "not YAML")]
    [TestCase("a: @b", 1, 4, "not YAML")]
    public void What_is_not_read_is_an_error_with_line_and_column(string text, int line, int column, string problem)
    {
        var problems = new List<YamlProblem>();

        YamlReader.Read(text, problems);

        Assert.That(problems, Has.Count.EqualTo(1));
        Assert.That(problems[0].Problem, Does.Contain(problem));
        Assert.That((problems[0].Line, problems[0].Column), Is.EqualTo((line, column)));
    }

    [TestCase("no")]
    [TestCase("on")]
    [TestCase("007")]
    [TestCase("1e3")]
    [TestCase("2001-01-01")]
    [TestCase("0x1F")]
    public void A_scalar_stays_the_text_that_was_written(string scalar)
    {
        var root = (YamlMap)YamlReader.Read($"key: {scalar}", [])!;

        Assert.That(root.Entries[0].Value, Is.EqualTo(new YamlText(scalar, false, 1, 6) { IsPlain = true }));
    }

    [TestCase("", true)]
    [TestCase("~", true)]
    [TestCase("null", true)]
    [TestCase("''", false)]
    [TestCase("\"null\"", false)]
    public void Nothing_is_told_from_an_empty_text(string scalar, bool isNull)
    {
        var root = (YamlMap)YamlReader.Read($"key: {scalar}", [])!;

        Assert.That(((YamlText)root.Entries[0].Value).IsNull, Is.EqualTo(isNull));
    }

    [Test]
    public void Several_problems_are_found_at_once()
    {
        var problems = new List<YamlProblem>();

        YamlReader.Read("a: &x 1\nb: *x\nc: !t 2\nc2: 1\nc2: 2", problems);

        Assert.That(problems, Has.Count.EqualTo(4));
    }

    [TestCase(0)]
    [TestCase(1)]
    public void A_tower_of_brackets_is_an_error_and_nothing_worse(int shape)
    {
        var problems = new List<YamlProblem>();
        var tower = shape == 0 ? new string('[', 20_000) : string.Concat(Enumerable.Repeat("{a: ", 20_000));

        YamlReader.Read("a: " + tower, problems);

        Assert.That(problems, Is.Not.Empty);
    }
}
