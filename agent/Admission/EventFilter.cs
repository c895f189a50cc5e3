using System.Text;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Admission;

/// <summary>One condition of a filter.</summary>
/// <param name="Header">The header that is looked at; <see cref="EventFilter.TypeHeader"/> for the event's type.</param>
/// <param name="Value">What it is compared with.</param>
/// <param name="IsPrefix">A value that only starts so is equal.</param>
/// <param name="IsNot">It must not be equal.</param>
public sealed record FilterTerm(string Header, string Value, bool IsPrefix, bool IsNot);

/// <summary>
/// Which events of a subscription are delivered; the others are done when they are read. Terms about one header are
/// alternatives, terms about different headers must all hold; of those that say "not" each must hold. A header that is
/// absent, or null, equals nothing; one that is repeated equals what any of its values equals. Pure.
/// </summary>
public sealed class EventFilter
{
    /// <summary>The header with the event's type.</summary>
    public const string TypeHeader = "ce_type";

    /// <summary>The most terms of a filter.</summary>
    public const int MaxTerms = 20;

    /// <summary>The longest header name or value of a term, in characters.</summary>
    public const int MaxLength = 256;

    private readonly List<Condition> conditions;

    /// <param name="terms">None: every event is delivered.</param>
    public EventFilter(IReadOnlyList<FilterTerm> terms)
    {
        Terms = terms;
        conditions = [.. terms.GroupBy(term => (term.Header, term.IsNot)).Select(group => new Condition(
            Encoding.UTF8.GetBytes(group.Key.Header),
            [.. group.Select(term => (Encoding.UTF8.GetBytes(term.Value), term.IsPrefix))],
            group.Key.IsNot))];
    }

    /// <summary>Delivers everything.</summary>
    public static EventFilter None { get; } = new([]);

    /// <summary>What it was made of.</summary>
    public IReadOnlyList<FilterTerm> Terms { get; }

    /// <summary>The event is to be delivered.</summary>
    public bool Takes(EventRecord record)
    {
        foreach (var condition in conditions)
        {
            if (!condition.Holds(record))
            {
                return false;
            }
        }

        return true;
    }

    private sealed record Condition(byte[] Header, (byte[] Value, bool IsPrefix)[] Values, bool IsNot)
    {
        public bool Holds(EventRecord record)
        {
            foreach (var header in record.Headers)
            {
                if (!header.IsNull && header.Name.SequenceEqual(Header) && Equals(header.Value))
                {
                    return !IsNot;
                }
            }

            return IsNot;
        }

        private bool Equals(ReadOnlySpan<byte> found)
        {
            foreach (var (value, isPrefix) in Values)
            {
                if (isPrefix ? found.StartsWith(value) : found.SequenceEqual(value))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
