namespace Sidecar.OutboxRelay.Contracts;

/// <summary>Why the database did not do what was asked. A closed set: a switch over it has no discard arm.</summary>
public enum StoreFault
{
    /// <summary>There is no database yet: the application may still create it.</summary>
    NoDatabase,

    /// <summary>The database lacks the outbox's tables.</summary>
    NoSchema,

    /// <summary>The tables are of a version that this program does not know.</summary>
    OtherSchema,

    /// <summary>Another writer held the database for longer than we wait at a time.</summary>
    Busy,

    /// <summary>The lease belongs to another relay by now: the write was refused, nothing was changed.</summary>
    Fenced,

    /// <summary>Something was found that a person must look at before the relay goes on.</summary>
    Alarm,

    /// <summary>Anything else; the text says what.</summary>
    Failed,
}

/// <summary>What stood in the way, with a sentence for people.</summary>
public sealed record StoreProblem(StoreFault Fault, string Text);

/// <summary>The answer of the database: a value, or the problem that stood in its way.</summary>
public readonly struct StoreAnswer<T>
{
    private StoreAnswer(T? value, StoreProblem? problem)
    {
        Value = value!;
        Problem = problem;
    }

    /// <summary>What was asked for; only where <see cref="Problem"/> is null.</summary>
    public T Value { get; }

    /// <summary>What stood in the way; null: nothing.</summary>
    public StoreProblem? Problem { get; }

    public static implicit operator StoreAnswer<T>(T value) => new(value, null);

    public static implicit operator StoreAnswer<T>(StoreProblem problem) => new(default, problem);
}
