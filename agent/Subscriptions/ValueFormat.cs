namespace Sidecar.Agent.Subscriptions;

/// <summary>Why a value is not one, and what to write instead.</summary>
public sealed record ValueProblem(string Problem, string Fix);

/// <summary>A value that was read, or why it could not be.</summary>
internal readonly record struct Parsed<T>(T Value, ValueProblem? Problem)
{
    /// <summary>The value is no value of this kind.</summary>
    public static Parsed<T> Wrong(string problem, string fix) => new(default!, new ValueProblem(problem, fix));
}

/// <summary>
/// How values of one kind are written, read and shown. What <see cref="Show"/> gives, <see cref="Read"/> takes.
/// </summary>
internal sealed class ValueFormat<T>(string limits, Func<SettingValue, Parsed<T>> read, Func<T, string> show)
{
    /// <summary>What may be written, for people: the kind and its range.</summary>
    public string Limits { get; } = limits;

    /// <summary>Reads what was written.</summary>
    public Parsed<T> Read(SettingValue value) => read(value);

    /// <summary>Writes a value as an operator would.</summary>
    public string Show(T value) => show(value);

    /// <summary>A format for one text; a list is refused.</summary>
    public static ValueFormat<T> OfText(string limits, Func<string, Parsed<T>> read, Func<T, string> show) => new(
        limits,
        value => value.Text switch
        {
            null => Parsed<T>.Wrong("a list stands where one value is expected", $"Write one value: {limits}"),
            "" => Parsed<T>.Wrong("the value is empty", $"Write a value ({limits}), or remove the key"),
            _ => read(value.Text),
        },
        show);
}
