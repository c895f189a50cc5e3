using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Sidecar.Agent.Subscriptions;

/// <summary>
/// Reads the part of YAML that configuration needs, and with it JSON: maps, lists and texts. Anchors, aliases, tags, keys
/// that stand twice, several documents and deep nesting are errors, so no text of a bounded length can grow.
/// </summary>
/// <remarks>
/// Manifests are read as Kubernetes does: several documents, deep ones, and with aliases, each of which is the node that it
/// stands for and not a copy. Whoever walks through those has a limit of their own.
/// </remarks>
public sealed class YamlReader
{
    /// <summary>How deep maps and lists may lie in one another.</summary>
    public const int MaxDepth = 4;

    /// <summary>The same in manifests; the schema of a custom resource is the deepest that is met.</summary>
    public const int MaxManifestDepth = 100;

    private const string Merge = "<<";

    private readonly Parser parser;
    private readonly List<YamlProblem> problems;
    private readonly int maxDepth;

    // Null: anchors are not read.
    private readonly Dictionary<string, YamlNode>? anchors;

    private YamlReader(string text, List<YamlProblem> problems, bool isManifest)
    {
        parser = new Parser(new StringReader(text));
        this.problems = problems;
        maxDepth = isManifest ? MaxManifestDepth : MaxDepth;
        anchors = isManifest ? new Dictionary<string, YamlNode>(StringComparer.Ordinal) : null;
    }

    /// <summary>The root of the one document; null where there is none or the text cannot be read.</summary>
    public static YamlNode? Read(string text, List<YamlProblem> problems)
    {
        try
        {
            return new YamlReader(text, problems, isManifest: false).Document();
        }
        catch (YamlException broken)
        {
            problems.Add(NotYaml(broken));
            return null;
        }
    }

    /// <summary>All documents of a text of manifests, up to the first place that cannot be read.</summary>
    public static List<YamlDocument> ReadManifests(string text, List<YamlProblem> problems)
    {
        var documents = new List<YamlDocument>();
        try
        {
            new YamlReader(text, problems, isManifest: true).Documents(documents);
        }
        catch (YamlException broken)
        {
            problems.Add(NotYaml(broken));
        }

        return documents;
    }

    private void Documents(List<YamlDocument> documents)
    {
        var number = 0;
        while (Next())
        {
            switch (parser.Current)
            {
                case DocumentStart:
                    number++;
                    anchors!.Clear();
                    break;
                case NodeEvent:
                    documents.Add(new YamlDocument(number, Node(0)));
                    break;
            }
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

        if (anchors is null && (start is AnchorAlias || (start is NodeEvent node && (!node.Anchor.IsEmpty || !node.Tag.IsEmpty))))
        {
            Add(start, "anchors, aliases and tags are not read", "Write the value itself");
            return Skip();
        }

        if (start is AnchorAlias alias)
        {
            return Known(alias);
        }

        var name = ((NodeEvent)start).Anchor;
        var read = Content(depth, start);
        if (!name.IsEmpty && read is not null)
        {
            anchors![name.Value] = read;
        }

        return read;
    }

    private YamlNode? Content(int depth, ParsingEvent start)
    {
        if (start is Scalar scalar)
        {
            var isPlain = scalar.Style == ScalarStyle.Plain && scalar.Tag.IsEmpty;
            return new YamlText(scalar.Value, isPlain && IsNull(scalar.Value), scalar.Start.Line, scalar.Start.Column)
            {
                IsPlain = isPlain,
            };
        }

        if (depth == maxDepth)
        {
            Add(start, $"maps and lists lie deeper than {maxDepth} levels", "Write it flat");
            return Skip();
        }

        return start is MappingStart ? Map(depth, start) : List(depth, start);
    }

    /// <summary>What an alias stands for: an anchor before it in its document.</summary>
    private YamlNode? Known(AnchorAlias alias)
    {
        if (anchors!.TryGetValue(alias.Value.Value, out var known))
        {
            return known;
        }

        Add(alias, $"there is no anchor {ConfigurationError.Shown(alias.Value.Value)} before this alias", "Write the value itself");
        return null;
    }

    private YamlMap Map(int depth, ParsingEvent start)
    {
        var entries = new List<(YamlText, YamlNode)>();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var merged = new List<YamlNode?>();
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
            else if (anchors is not null && name is { Text: Merge, IsPlain: true })
            {
                merged.Add(value);
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

        // What the map says itself wins over what is merged into it, and the first of several over the next.
        entries.AddRange(merged
            .SelectMany(value => value is YamlList several ? several.Items : (IEnumerable<YamlNode?>)[value])
            .OfType<YamlMap>()
            .SelectMany(map => map.Entries)
            .Where(entry => keys.Add(entry.Key.Text)));
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

    private static YamlProblem NotYaml(YamlException broken) => new(
        broken.Start.Line, broken.Start.Column, $"not YAML: {broken.Message.TrimEnd('.')}", "Correct the text");

    private static bool IsNull(string plain) => plain is "" or "~" or "null" or "Null" or "NULL";

    private void Add(ParsingEvent at, string problem, string fix) =>
        problems.Add(new YamlProblem(at.Start.Line, at.Start.Column, problem, fix));
}
