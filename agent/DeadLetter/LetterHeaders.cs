using System.Text;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.DeadLetter;

/// <summary>
/// How a record is put into a dead-letter or retry topic. The broker refuses a whole batch for its size, and may refuse a record
/// that our headers made too large: the next of these is tried then.
/// </summary>
public enum LetterDetail
{
    /// <summary>It says everything of itself, and goes in one batch with others.</summary>
    Full,

    /// <summary>Everything, in a batch of its own.</summary>
    Alone,

    /// <summary>Where it came from and how it ended, and nothing that can be long; in a batch of its own.</summary>
    Bare,
}

/// <summary>
/// The headers of a dead letter: those of the record, untouched and in their order, then ours. Headers that stand there
/// under our names are replaced, never added to, so that a record which goes round does not grow. Pure.
/// </summary>
public static class LetterHeaders
{
    public const string Topic = "sidecar-original-topic";
    public const string Partition = "sidecar-original-partition";
    public const string Offset = "sidecar-original-offset";
    public const string Timestamp = "sidecar-original-timestamp";
    public const string Group = "sidecar-group";
    public const string Subscription = "sidecar-subscription";
    public const string Attempts = "sidecar-attempts";
    public const string FirstFailure = "sidecar-first-failure";
    public const string LastFailure = "sidecar-last-failure";
    public const string Due = "sidecar-due";
    public const string Outcome = "sidecar-outcome";
    public const string Reason = "sidecar-reason";

    /// <summary>How often the event came back from the dead letters; absent: never.</summary>
    public const string Replays = "sidecar-replays";

    /// <summary>Only on a record of a retry topic: how many delays its event was given for having failed.</summary>
    public const string Delays = "sidecar-delays";

    /// <summary>Only on a record of a retry topic: the version of what our headers say there.</summary>
    public const string Retry = "sidecar-retry";

    private static readonly byte[][] OurNames = [.. new[]
    {
        Topic, Partition, Offset, Timestamp, Group, Subscription, Attempts, FirstFailure, LastFailure, Due, Outcome, Reason, Replays,
        Delays, Retry,
    }.Select(Encoding.UTF8.GetBytes)];

    /// <summary>The name is one that the agent writes.</summary>
    public static bool IsOurs(ReadOnlySpan<byte> name)
    {
        foreach (var ours in OurNames)
        {
            if (name.SequenceEqual(ours))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>All headers of the dead letter of a record.</summary>
    internal static List<OutgoingHeader> Of(EventRecord record, LetterAddress address, Provenance provenance, LetterDetail detail)
    {
        var headers = Kept(record);
        Add(headers, Topic, provenance.Origin.Topic);
        Add(headers, Partition, $"{provenance.Origin.Partition}");
        Add(headers, Offset, $"{provenance.Origin.Offset}");
        Add(headers, Outcome, provenance.Outcome);
        if (provenance.Replays > 0)
        {
            Add(headers, Replays, $"{provenance.Replays}");
        }

        if (detail == LetterDetail.Bare)
        {
            return headers;
        }

        if (provenance.TimestampMs >= 0)
        {
            Add(headers, Timestamp, Text(provenance.TimestampMs));
        }

        Add(headers, Group, address.Group);
        Add(headers, Subscription, address.Subscription);
        Add(headers, Attempts, $"{provenance.Attempts}");
        Add(headers, FirstFailure, Text(provenance.FirstFailureMs));
        Add(headers, LastFailure, Text(provenance.LastFailureMs));
        if (provenance.Reason is { Length: > 0 } reason)
        {
            Add(headers, Reason, reason);
        }

        return headers;
    }

    /// <summary>The headers of a record that are not ours, as they are.</summary>
    internal static List<OutgoingHeader> Kept(EventRecord record)
    {
        var kept = new List<OutgoingHeader>();
        foreach (var header in record.Headers)
        {
            if (!IsOurs(header.Name))
            {
                kept.Add(new OutgoingHeader(header.Name.ToArray(), header.IsNull ? null : header.Value.ToArray()));
            }
        }

        return kept;
    }

    /// <summary>A time as it is written: milliseconds since the Unix epoch, which no reader can mistake for another zone's.</summary>
    internal static string Text(long unixMs) => $"{unixMs}";

    /// <summary>Half a character, as a text of an application may hold one, becomes the sign for it: what is written is UTF-8.</summary>
    internal static void Add(List<OutgoingHeader> headers, string name, string value) =>
        headers.Add(new OutgoingHeader(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(Delivery.Reason.Bound(value))));
}
