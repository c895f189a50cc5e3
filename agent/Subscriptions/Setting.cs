namespace Sidecar.Agent.Subscriptions;

/// <summary>What a setting is about: the process, all subscriptions, or one of them.</summary>
/// <param name="Subscription">The name of a subscription; null: the process; <see cref="Everyone"/>: all.</param>
public readonly record struct Scope(string? Subscription)
{
    private const string Everyone = "*";

    /// <summary>The process itself.</summary>
    public static Scope Process { get; } = new(null);

    /// <summary>Every subscription, unless it says otherwise.</summary>
    public static Scope Defaults { get; } = new(Everyone);

    /// <summary>This is the scope of one subscription.</summary>
    public bool IsOne => Subscription is not null && Subscription != Everyone;
}

/// <summary>
/// A value as it was written: one text, or a list of texts. Nothing is converted before a field asks for it.
/// </summary>
public sealed class SettingValue
{
    private SettingValue(string? text, IReadOnlyList<string>? items)
    {
        Text = text;
        Items = items;
    }

    /// <summary>The one text; null where a list was written.</summary>
    public string? Text { get; }

    /// <summary>The list; null where one text was written.</summary>
    public IReadOnlyList<string>? Items { get; }

    /// <summary>One text.</summary>
    public static SettingValue Of(string text) => new(text, null);

    /// <summary>A list of texts.</summary>
    public static SettingValue Of(IReadOnlyList<string> items) => new(null, items);

    /// <inheritdoc/>
    public override string ToString() => Text ?? $"[{string.Join(", ", Items!)}]";
}

/// <summary>One field that somebody set. Every source becomes a flat list of these.</summary>
public sealed record Setting(Scope Scope, string Field, SettingValue Value, Origin Origin);
