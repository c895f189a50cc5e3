namespace Sidecar.Agent.Subscriptions;

/// <summary>
/// One thing that can be configured: its name, what may be written, what it means, and how it reaches the options. The
/// documentation, the command line, the variables and the errors are all made from it.
/// </summary>
internal sealed class Field<TOptions>
{
    private readonly Func<SettingValue, TOptions, ValueProblem?> set;
    private readonly Func<TOptions, string> show;
    private readonly Action<TOptions, TOptions> copy;

    private Field(
        (string Name, string Limits, string Doc) words,
        Func<SettingValue, TOptions, ValueProblem?> set, Func<TOptions, string> show, Action<TOptions, TOptions> copy)
    {
        (Name, Limits, Doc) = words;
        this.set = set;
        this.show = show;
        this.copy = copy;
    }

    /// <summary>The name that operators write.</summary>
    public string Name { get; }

    /// <summary>What may be written.</summary>
    public string Limits { get; }

    /// <summary>What it means, in one sentence or two.</summary>
    public string Doc { get; }

    /// <summary>False: it has its name and its place, and is refused until it works.</summary>
    public bool IsSupported { get; private init; } = true;

    /// <summary>What becomes of an edit while the agent runs.</summary>
    public Live Live { get; private init; }

    /// <summary>The value must not be printed.</summary>
    public bool IsSecret { get; private init; }

    /// <summary>A field that is read and shown by a format.</summary>
    public static Field<TOptions> Of<T>(
        string name, ValueFormat<T> format, string doc, Func<TOptions, T> get, Action<TOptions, T> set) => new(
            (name, format.Limits, doc),
            (value, options) =>
            {
                var parsed = format.Read(value);
                if (parsed.Problem is null)
                {
                    set(options, parsed.Value);
                }

                return parsed.Problem;
            },
            options => format.Show(get(options)),
            (from, to) => set(to, get(from)));

    /// <summary>A field that does not work yet: setting it is an error, never without effect.</summary>
    public static Field<TOptions> NotYet(string name, string doc) => new(
        (name, "not supported yet", doc),
        (_, _) => new ValueProblem("not supported yet", "Remove it"),
        _ => "",
        (_, _) => { })
    {
        IsSupported = false,
    };

    /// <summary>The same field, whose value must not be printed.</summary>
    public Field<TOptions> AsSecret() => new((Name, Limits, Doc), set, show, copy)
    {
        IsSupported = IsSupported, Live = Live, IsSecret = true,
    };

    /// <summary>The same field, that follows an edit in this way.</summary>
    public Field<TOptions> When(Live live) => new((Name, Limits, Doc), set, show, copy)
    {
        IsSupported = IsSupported, Live = live, IsSecret = IsSecret,
    };

    /// <summary>Reads the value into the options; why it cannot be, or null.</summary>
    public ValueProblem? Set(SettingValue value, TOptions options) => set(value, options);

    /// <summary>Takes the value over from other options.</summary>
    public void Copy(TOptions from, TOptions to) => copy(from, to);

    /// <summary>What the options hold, as an operator would write it; empty: nothing.</summary>
    public string Show(TOptions options) => show(options);
}
