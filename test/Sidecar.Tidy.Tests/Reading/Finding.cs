namespace Sidecar.Tidy.Tests.Reading;

/// <summary>One place that breaks a rule of the house.</summary>
/// <param name="File">Relative to the root of the tree.</param>
/// <param name="Line">1 and up; 0 for the file as a whole.</param>
/// <param name="What">What is wrong, for the one who mends it.</param>
public sealed record Finding(string File, int Line, string What)
{
    public override string ToString() => Line > 0 ? $"{File}:{Line}: {What}" : $"{File}: {What}";
}
