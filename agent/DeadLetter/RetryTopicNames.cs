using System.Globalization;

namespace Sidecar.Agent.DeadLetter;

/// <summary>The retry topics of a subscription by their delays: <c>group.subscription.retry.10m</c>.</summary>
/// <param name="group">The consumer group.</param>
/// <param name="subscription">The subscription.</param>
public sealed class RetryTopicNames(string group, string subscription)
{
    private static readonly (string Suffix, long Seconds)[] Units = [("h", 3600), ("m", 60), ("s", 1)];

    // Not the longest that can be configured: a later version may allow longer ones, and what waits there waits for its key too.
    private static readonly long MaxSeconds = (long)TimeSpan.MaxValue.TotalSeconds;

    /// <summary>What stands before the delay in all of them.</summary>
    public string Prefix => $"{group}.{subscription}.retry.";

    /// <summary>The topic of a delay in whole seconds, said in the largest unit that says it whole.</summary>
    public string Of(TimeSpan delay)
    {
        var seconds = (long)delay.TotalSeconds;
        var (suffix, factor) = Array.Find(Units, unit => seconds % unit.Seconds == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}{seconds / factor}{suffix}");
    }

    /// <summary>The delay of a topic; null: it is none of the subscription's retry topics.</summary>
    public TimeSpan? DelayOf(string topic)
    {
        if (!topic.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var rest = topic.AsSpan(Prefix.Length);
        var unit = Array.Find(Units, unit => topic.EndsWith(unit.Suffix, StringComparison.Ordinal));
        if (unit.Suffix is null
            || !int.TryParse(rest[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number * unit.Seconds > MaxSeconds)
        {
            return null;
        }

        var delay = TimeSpan.FromSeconds(number * unit.Seconds);
        return Of(delay) == topic ? delay : null;
    }

    /// <summary>Whose event it is that waits there.</summary>
    public LetterAddress AddressOf(TimeSpan delay) => new(group, subscription, Of(delay));
}
