using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Delivery;

/// <summary>The limits of <see cref="DeliveryOptions"/>, and what its fields ask of one another.</summary>
public static class DeliveryOptionsRules
{
    /// <summary>
    /// The longest path that the address of a Unix socket holds, in bytes (108 with the closing zero).
    /// </summary>
    public const int MaxUnixPathBytes = 107;

    /// <summary>The most attempts in place.</summary>
    public const int MaxAttempts = 100;

    /// <summary>The smallest bound of a call, in bytes: below it not even the attributes fit.</summary>
    public const int MinMessageBytes = 1024;

    /// <summary>The largest bound of a call, in bytes.</summary>
    public const int MaxMessageBytes = 512 * 1024 * 1024;

    /// <summary>The shortest deadline of an attempt.</summary>
    public static readonly TimeSpan MinDeadline = TimeSpan.FromMilliseconds(10);

    /// <summary>The longest deadline of an attempt.</summary>
    public static readonly TimeSpan MaxDeadline = TimeSpan.FromHours(1);

    /// <summary>The longest deadline to which a handler may extend its own.</summary>
    public static readonly TimeSpan MaxMaxDeadline = TimeSpan.FromHours(24);

    /// <summary>The shortest pause between two attempts.</summary>
    public static readonly TimeSpan MinBackoff = TimeSpan.FromMilliseconds(1);

    /// <summary>The longest pause between two attempts.</summary>
    public static readonly TimeSpan MaxBackoff = TimeSpan.FromHours(1);

    /// <summary>The shortest age at which events are too old.</summary>
    public static readonly TimeSpan MinMaxAge = TimeSpan.FromSeconds(1);

    /// <summary>The longest.</summary>
    public static readonly TimeSpan MaxMaxAge = TimeSpan.FromDays(365);

    /// <summary>The largest retry budget, in percent of first attempts.</summary>
    public const int MaxRetryBudgetPercent = 1000;

    /// <summary>The longest that an event is held without counting.</summary>
    public static readonly TimeSpan MaxHold = TimeSpan.FromHours(24);

    /// <summary>Adds what is wrong between the fields to <paramref name="broken"/>.</summary>
    public static void Check(DeliveryOptions options, ICollection<RuleBreak> broken)
    {
        if (options.BackoffMin > options.BackoffMax)
        {
            broken.Add(new RuleBreak(
                "backoff",
                "backoff",
                "the shortest pause, which stands first, is longer than the longest",
                "Turn them round, as in 200ms..30s"));
        }

        if (options.MaxDeadline < options.Deadline)
        {
            broken.Add(new RuleBreak(
                "max-deadline",
                "deadline",
                "the longest deadline is shorter than the deadline itself",
                "Set max-deadline above deadline, or remove it"));
        }

        if (options.OnExpired != OnExpired.Skip && options.MaxAge is null)
        {
            broken.Add(new RuleBreak(
                "on-expired",
                "max-age",
                "no event is ever too old, since max-age is not set",
                "Set max-age, or remove on-expired"));
        }

        if (options.Framing != Framing.None && options.Method is null)
        {
            broken.Add(new RuleBreak(
                "framing",
                "method",
                "the prefix is taken off for a typed method only, and method is not set",
                "Set method to /package.Service/Method, or remove framing"));
        }
    }
}
