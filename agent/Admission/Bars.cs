namespace Sidecar.Agent.Admission;

/// <summary>Who may keep a whole subscription from delivering, for as long as it likes. A closed set.</summary>
internal enum Bar
{
    /// <summary>The application says that it is not well, or is not there.</summary>
    Unhealthy,

    /// <summary>A setting says so.</summary>
    Configured,

    /// <summary>A person said so to this agent.</summary>
    Commanded,
}

/// <summary>
/// What keeps a subscription from delivering, each with its reason: nothing departs while there is one, and no attempt is
/// spent. What is in flight goes on. Pure; guarded by the dispatcher's lock.
/// </summary>
internal sealed class Bars
{
    /// <summary>Each in a word, for metrics, in the order of <see cref="Bar"/>.</summary>
    public static IReadOnlyList<string> Codes { get; } = ["app_unhealthy", "paused_by_setting", "paused"];

    private readonly string?[] reasons = new string?[Enum.GetValues<Bar>().Length];
    private int set;

    /// <summary>Nothing may depart.</summary>
    public bool Any => set > 0;

    /// <summary>The first that is there, in a word; null: there is none.</summary>
    public string? Code => Any ? Codes[Array.FindIndex(reasons, reason => reason is not null)] : null;

    /// <summary>Why the first that is there is; null: there is none.</summary>
    public string? Reason => Any ? Array.Find(reasons, reason => reason is not null) : null;

    /// <summary>Why this one is there; null: it is not.</summary>
    public string? this[Bar bar] => reasons[(int)bar];

    /// <summary>Puts one up, or changes its reason. True: it was not there before.</summary>
    public bool Raise(Bar bar, string reason)
    {
        var isNew = reasons[(int)bar] is null;
        reasons[(int)bar] = reason;
        set += isNew ? 1 : 0;
        return isNew;
    }

    /// <summary>Takes one away. True: it was there.</summary>
    public bool Lift(Bar bar)
    {
        var was = reasons[(int)bar] is not null;
        reasons[(int)bar] = null;
        set -= was ? 1 : 0;
        return was;
    }
}
