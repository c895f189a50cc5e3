namespace Sidecar.Agent.Subscriptions;

/// <summary>How it is written that a subscription is paused: <c>false</c>, <c>true</c>, or the reason, which is better.</summary>
internal static class PausedFormat
{
    private const string Yes = "true";
    private const string No = "false";

    /// <summary>The longest reason, in characters.</summary>
    private const int MaxReason = 200;

    /// <summary>Null: not paused; empty: paused for no given reason.</summary>
    public static ValueFormat<string?> Reason { get; } = ValueFormat<string?>.OfText(
        $"{No} | {Yes} | the reason, at most {MaxReason} letters",
        text => text switch
        {
            No => new Parsed<string?>(null, null),
            Yes => new Parsed<string?>("", null),
            _ when text.Length > MaxReason || text.Any(char.IsControl) => Parsed<string?>.Wrong(
                "not a reason", $"Write {No}, {Yes}, or one line of at most {MaxReason} letters"),
            _ => new Parsed<string?>(text, null),
        },
        value => value switch { null => No, "" => Yes, _ => value });
}
