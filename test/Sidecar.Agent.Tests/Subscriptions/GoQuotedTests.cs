using System.Text;
using CsCheck;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Tests.Subscriptions;

public sealed class GoQuotedTests
{
    private static readonly Gen<Rune> AnyRune = Gen.OneOf(
            Gen.Int[0, 0x7F], Gen.Int[0x80, 0x2FF], Gen.Int[0x2000, 0x206F], Gen.Int[0xE000, 0xFFFF],
            Gen.Int[0x10000, 0x10FFFF])
        .Select(value => new Rune(value));

    [Test]
    public void What_Go_writes_is_read_back()
    {
        AnyRune.Array[0, 60].Sample(runes =>
        {
            var text = string.Concat(runes.Select(rune => rune.ToString()));
            return GoQuoted.Read(GoQuote.Of(text), out _) == text;
        });
    }

    [TestCase("\"\"", "")]
    [TestCase("\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\"", "\a\b\f\n\r\t\v\\\"")]
    [TestCase("\"\\x41\\102\\u0043\\U00000044\"", "ABCD")]
    [TestCase("\"\\xc3\\xa9\"", "\u00e9")]
    [TestCase("\"\\U0001F600\"", "\U0001F600")]
    public void Every_escape_of_Go_is_read(string quoted, string text) =>
        Assert.That(GoQuoted.Read(quoted, out _), Is.EqualTo(text));

    [TestCase("", "start with a quote")]
    [TestCase("\"", "start with a quote")]
    [TestCase("plain", "start with a quote")]
    [TestCase("\"half", "closing quote")]
    [TestCase("\"half\\\"", "closing quote")]
    [TestCase("\"a\"b", "behind the closing quote")]
    [TestCase("\"\\", "escape")]
    [TestCase("\"\\q\"", "escape")]
    [TestCase("\"\\/\"", "escape")]
    [TestCase("\"\\'\"", "escape")]
    [TestCase("\"\\x4\"", "escape")]
    [TestCase("\"\\x4g\"", "escape")]
    [TestCase("\"\\400\"", "escape")]
    [TestCase("\"\\ud800\"", "escape")]
    [TestCase("\"\\U00110000\"", "escape")]
    [TestCase("\"\\UFFFFFFFF\"", "escape")]
    [TestCase("\"\\xff\"", "not UTF-8")]
    public void What_Go_would_not_write_is_refused_with_the_reason(string quoted, string reason)
    {
        Assert.That(GoQuoted.Read(quoted, out var problem), Is.Null);
        Assert.That(problem, Does.Contain(reason));
    }
}
