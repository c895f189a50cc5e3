namespace Sidecar.Agent.Subscriptions;

/// <summary>
/// Where a setting can come from, the weakest first: of two that set one field, the later one here wins.
/// </summary>
public enum Precedence
{
    /// <summary>Built in.</summary>
    Default,

    /// <summary><c>defaults</c> in the file.</summary>
    FileDefaults,

    /// <summary>The file.</summary>
    File,

    /// <summary>The annotation <c>sidecar.events/defaults</c>.</summary>
    AnnotationDefaults,

    /// <summary>An annotation of the process, or one that describes a subscription.</summary>
    Annotation,

    /// <summary>An annotation for one field of a subscription.</summary>
    AnnotationField,

    /// <summary>A <c>SIDECAR_*</c> variable.</summary>
    Variable,

    /// <summary>A flag of the command line.</summary>
    Flag,
}

/// <summary>Where one setting was written, in the operator's words.</summary>
/// <param name="Precedence">The kind of place.</param>
/// <param name="Key">The key as it was written: an annotation, a path in the file, a variable, a flag.</param>
/// <param name="Inner">The field inside of a value that holds several; null where the key says all.</param>
/// <param name="Place">File, line and column as far as they are known; empty for variables and flags.</param>
public sealed record Origin(Precedence Precedence, string Key, string? Inner, string Place)
{
    /// <summary>The origin of what nobody wrote.</summary>
    public static Origin Default { get; } = new(Precedence.Default, "", null, "");

    /// <summary>The key as it was written, with the field inside of it.</summary>
    public string Written => Inner is null ? Key : $"{Inner} in {Key}";

    /// <summary>The kind in one word: default, file, annotation, variable, flag.</summary>
    public string Kind => Precedence switch
    {
        Precedence.Default => "default",
        Precedence.FileDefaults or Precedence.File => "file",
        Precedence.AnnotationDefaults or Precedence.Annotation or Precedence.AnnotationField => "annotation",
        Precedence.Variable => "variable",
        Precedence.Flag => "flag",
    };

    /// <summary>What nobody wrote, but what follows from other settings.</summary>
    public static Origin Derived(string from) => Default with { Place = from };

    /// <summary>A flag of the command line.</summary>
    public static Origin Flag(string name) => new(Precedence.Flag, name, null, "");

    /// <summary>A variable of the environment.</summary>
    public static Origin Variable(string name) => new(Precedence.Variable, name, null, "");

    /// <summary>The same place, one level further in.</summary>
    public Origin Within(string inner) => this with { Inner = inner };

    /// <inheritdoc/>
    public override string ToString() =>
        Kind + (Key.Length == 0 ? "" : $" {Key}") + (Place.Length == 0 ? "" : $" ({Place})");
}
