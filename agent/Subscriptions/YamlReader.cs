using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Sidecar.Agent.Subscriptions;

/// <summary>
/// Reads the part of YAML that configuration needs, and with it JSON: maps, lists and texts. Anchors, aliases, tags,
/// keys
/// that stand twice, several documents and deep nesting are errors, so no text of a bounded length can grow.
/// </summary>
public sealed class YamlReader
{
    /// <summary>How deep maps and lists may lie in one another.</summary>
    public const int MaxDepth = 4;

    private readonly Parser parser;
    private readonly List<YamlProblem> problems;

    private YamlReader(string text, List<YamlProblem> problems)
    {
        parser = new Parser(new StringReader(text));
        this.problems = problems;
    }

    /// <summary>The root of the one document; null where there is none or the text cannot be read.</summary>
    public static YamlNode? Read(string text, List<YamlProblem> problems)
    {
        try
        {
            return new YamlReader(text, problems).Document();
        }
        catch (YamlException broken)
        {
            problems.Add(new YamlProblem(
                broken.Start.Line, broken.Start.Column,
                $"not YAML: {broken.Message.TrimEnd('.')}", "Correct the text"));
            return null;
        }
    }

    private YamlNode? Document()
    {
        YamlNode? root = null;
        var documents = 0;
        while (Next())
        {
            switch (parser.Current)
            {
                case DocumentStart when ++documents > 1:
                    Add(parser.Current, "there is a second document", "Keep one document, without a line of ---");
                    return null;
                case NodeEvent:
                    root = Node(0);
                    break;
            }
        }

        return root;
    }

    /// <summary>Reads the node that the parser stands on, up to its last event.</summary>
    private YamlNode? Node(int depth)
    {
        if (parser.Current is not { } start || start is not (NodeEvent or AnchorAlias))
        {
            var last = parser.Current?.Start ?? Mark.Empty;
            throw new YamlException(last, last, "a value is missing");
        }

        if (start is AnchorAlias || (start is NodeEvent node && (!node.Anchor.IsEmpty || !node.Tag.IsEmpty)))
        {
            Add(start, "anchors, aliases and tags are not read", "Write the value itself");
            return Skip();
        }

        if (start is Scalar scalar)
        {
            var isNull = scalar.Style == ScalarStyle.Plain && IsNull(scalar.Value);
            return new YamlText(scalar.Value, isNull, scalar.Start.Line, scalar.Start.Column);
        }

        if (depth == MaxDepth)
        {
            Add(start, $"maps and lists lie deeper than {MaxDepth} levels", "Write it flat");
            return Skip();
        }

        return start is MappingStart ? Map(depth, start) : List(depth, start);
    }

    private YamlMap Map(int depth, ParsingEvent start)
    {
        var entries = new List<(YamlText, YamlNode)>();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (Next() && parser.Current is not MappingEnd)
        {
            var place = parser.Current!;
            var key = Node(depth + 1);
            Next();
            var value = Node(depth + 1);
            if (key is not YamlText name || name.IsNull)
            {
                Add(place, "a key must be a text", "Write key: value");
            }
            else if (!keys.Add(name.Text))
            {
                Add(place, $"the key {ConfigurationError.Shown(name.Text)} stands there twice", "Remove one");
            }
            else if (value is not null)
            {
                entries.Add((name, value));
            }
        }

        return new YamlMap(entries, start.Start.Line, start.Start.Column);
    }

    private YamlList List(int depth, ParsingEvent start)
    {
        var items = new List<YamlNode>();
        while (Next() && parser.Current is not SequenceEnd)
        {
            if (Node(depth + 1) is { } item)
            {
                items.Add(item);
            }
        }

        return new YamlList(items, start.Start.Line, start.Start.Column);
    }

    /// <summary>Passes over the node that the parser stands on.</summary>
    private YamlNode? Skip()
    {
        var open = parser.Current!.NestingIncrease;
        while (open > 0 && Next())
        {
            open += parser.Current!.NestingIncrease;
        }

        return null;
    }

    /// <summary>Steps on. The library's scanner fails on a few broken texts without saying where it stood.</summary>
    private bool Next()
    {
        try
        {
            return parser.MoveNext();
        }
        catch (Exception lost) when (lost is InvalidOperationException or ArgumentException)
        {
            var last = parser.Current?.End ?? Mark.Empty;
            throw new YamlException(last, last, "the text behind this place cannot be read", lost);
        }
    }

    private static bool IsNull(string plain) => plain is "" or "~" or "null" or "Null" or "NULL";

    private void Add(ParsingEvent at, string problem, string fix) =>
        problems.Add(new YamlProblem(at.Start.Line, at.Start.Column, problem, fix));
}
