using System.Buffers;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>What Kafka takes as the name of a topic.</summary>
public static class TopicNames
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 249;

    /// <summary>The rule, for people.</summary>
    public const string Rule = "1 to 249 of a-z A-Z 0-9 . _ -, and neither . nor ..";

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    /// <summary>Kafka would take this name.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength && name is not ("." or "..") && !name.AsSpan().ContainsAnyExcept(Allowed);
}
