using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Sidecar.Charts.Tests.Rig;

/// <summary>What helm rendered, as JSON.</summary>
internal sealed record Manifests(string Text, IReadOnlyList<JsonNode> Objects)
{
    public static Manifests Read(string yaml) => new(yaml, Parse(yaml));

    /// <summary>The one object of this kind.</summary>
    public JsonNode One(string kind)
    {
        var found = Objects.Where(item => item["kind"]!.GetValue<string>() == kind).ToList();
        Assert.That(found, Has.Count.EqualTo(1), $"objects of kind {kind}");
        return found[0];
    }

    /// <summary>The template of the Deployment's pods.</summary>
    public JsonNode Pod => One("Deployment")["spec"]!["template"]!;

    /// <summary>A container or init container of the pod.</summary>
    public JsonNode Container(string name) => Named(Pod["spec"]!["initContainers"], name)
        ?? Named(Pod["spec"]!["containers"], name) ?? throw new AssertionException($"no container {name}");

    /// <summary>The annotations of the pod.</summary>
    public IReadOnlyDictionary<string, string> Annotations => Texts(Pod["metadata"]!["annotations"]);

    /// <summary>The variables of a container that have a value.</summary>
    public IReadOnlyDictionary<string, string> Variables(string container) => Container(container)["env"]!.AsArray()
        .Where(item => item!["value"] is not null)
        .ToDictionary(item => item!["name"]!.GetValue<string>(), item => item!["value"]!.GetValue<string>());

    /// <summary>All documents of a text; empty ones are left out.</summary>
    public static IReadOnlyList<JsonNode> Parse(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return [.. stream.Documents.Select(document => Node(document.RootNode)).OfType<JsonObject>()];
    }

    /// <summary>The item of a list that has this name; null: none.</summary>
    public static JsonNode? Named(JsonNode? list, string name) =>
        list?.AsArray().FirstOrDefault(item => item!["name"]!.GetValue<string>() == name);

    private static Dictionary<string, string> Texts(JsonNode? map) =>
        (map?.AsObject() ?? []).ToDictionary(pair => pair.Key, pair => pair.Value!.GetValue<string>());

    private static JsonNode? Node(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(pair =>
            KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, Node(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Node)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value ?? ""),
        YamlScalarNode scalar => scalar.Value,
        _ => throw new AssertionException($"{node.NodeType} is nothing that helm writes"),
    };

    private static JsonNode? Plain(string text) => text switch
    {
        "" or "null" or "~" => null,
        "true" => true,
        "false" => false,
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
        _ => text,
    };
}
