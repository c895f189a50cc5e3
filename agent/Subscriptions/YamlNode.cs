namespace Sidecar.Agent.Subscriptions;

/// <summary>
/// A piece of YAML with its place. Scalars stay text: nothing is guessed about <c>no</c>, <c>1e3</c> or <c>007</c>.
/// </summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
public abstract record YamlNode(long Line, long Column);

/// <summary>One text. <paramref name="IsNull"/>: nothing, <c>~</c> or <c>null</c> without quotes.</summary>
public sealed record YamlText(string Text, bool IsNull, long Line, long Column) : YamlNode(Line, Column)
{
    /// <summary>It has neither quotes nor a tag: other readers may take it for a number or a boolean.</summary>
    public bool IsPlain { get; init; }
}

/// <summary>A list.</summary>
public sealed record YamlList(IReadOnlyList<YamlNode> Items, long Line, long Column) : YamlNode(Line, Column);

/// <summary>A map, in the order in which it was written; no key twice.</summary>
public sealed record YamlMap(IReadOnlyList<(YamlText Key, YamlNode Value)> Entries, long Line, long Column)
    : YamlNode(Line, Column)
{
    /// <summary>The value of a key; null where the map has none.</summary>
    public YamlNode? Find(string key) => Entries.FirstOrDefault(entry => entry.Key.Text == key).Value;

    /// <summary>The value of a key where that is a text; null otherwise.</summary>
    public string? Text(string key) => Find(key) is YamlText { IsNull: false } text ? text.Text : null;
}

/// <summary>What is wrong with a piece of YAML, and where.</summary>
public sealed record YamlProblem(long Line, long Column, string Problem, string Fix);

/// <summary>One document of several.</summary>
/// <param name="Number">From 1, over all documents of the text.</param>
/// <param name="Root">Null where there is nothing in it.</param>
public sealed record YamlDocument(int Number, YamlNode? Root);
