using System.Globalization;

namespace Sidecar.Agent.Tracking;

/// <summary>
/// The delays of a subscription's retry topics: which comes next, and when a record of one is due. Pure. Within one topic
/// due times never go back, so that its first record tells when to look again.
/// </summary>
public sealed class RetryTiers
{
    private readonly TimeSpan[] delays;

    /// <param name="delays">The delays, in any order.</param>
    public RetryTiers(IEnumerable<TimeSpan> delays) => this.delays = [.. delays.Distinct().Order()];

    /// <summary>The shortest delay.</summary>
    public TimeSpan Shortest => delays[0];

    /// <summary>
    /// The delay of the topic for an event that failed again; null: there is none left, it has come to its end. Each time
    /// a longer one than before, and the first that is as long as the application asks; where none is, the longest.
    /// </summary>
    /// <param name="last">The delay before this failure, configured or no longer; null: it was read from its source.</param>
    /// <param name="asked">The least time that the application asks for; null: it does not say.</param>
    public TimeSpan? After(TimeSpan? last, TimeSpan? asked)
    {
        foreach (var delay in delays)
        {
            if ((last is null || delay > last) && (asked is null || delay >= asked || delay == delays[^1]))
            {
                return delay;
            }
        }

        return null;
    }

    /// <summary>The same for an event of which only is known how many delays it was given.</summary>
    /// <param name="given">Delays, each longer than the one before.</param>
    /// <param name="asked">As above.</param>
    public TimeSpan? Next(int given, TimeSpan? asked) =>
        After(given == 0 ? null : delays[Math.Min(given, delays.Length) - 1], asked);

    /// <summary>Delays that are not longer than this one.</summary>
    public int UpTo(TimeSpan delay) => delays.Count(one => one <= delay);

    /// <summary>
    /// The topic in which an event goes behind one that waits: the same; where that one is no longer configured, the
    /// shortest that is not shorter, else the longest.
    /// </summary>
    public TimeSpan Behind(TimeSpan first)
    {
        foreach (var delay in delays)
        {
            if (delay >= first)
            {
                return delay;
            }
        }

        return delays[^1];
    }

    /// <summary>
    /// When a record of a topic is due, in milliseconds since the Unix epoch: what it says of itself, and never later than
    /// the topic's delay after its timestamp, whatever stands in it. A record that says nothing is due then.
    /// </summary>
    /// <param name="said">Its header; null: it has none.</param>
    /// <param name="writtenMs">Its timestamp.</param>
    /// <param name="delay">The delay of its topic.</param>
    public static long DueMs(string? said, long writtenMs, TimeSpan delay)
    {
        var latest = writtenMs + (long)delay.TotalMilliseconds;
        return long.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out var due) && due < latest ? due : latest;
    }
}
