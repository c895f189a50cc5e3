namespace Sidecar.TestKit;

/// <summary>
/// Who should get what, and who got it: events marked with a key and a sequence that counts up within the key.
/// Any thread may write.
/// </summary>
public sealed class Ledger
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, KeyLedger> keys = new(StringComparer.Ordinal);

    /// <summary>This event must be delivered.</summary>
    public void Expect(string key, long sequence)
    {
        lock (gate) Of_NeedsLock(key).Expected.Add(sequence);
    }

    /// <summary>This event was delivered.</summary>
    public void Deliver(string key, long sequence)
    {
        lock (gate) Of_NeedsLock(key).Deliver(sequence);
    }

    /// <summary>Deliveries so far, repeats included.</summary>
    public long Deliveries
    {
        get
        {
            lock (gate) return keys.Values.Sum(key => key.Seen.Count + key.Duplicates);
        }
    }

    /// <summary>The account as it stands.</summary>
    public LedgerTable Table()
    {
        lock (gate)
        {
            return new LedgerTable(
                keys.Values.Sum(key => (long)key.Expected.Count),
                keys.Values.Sum(key => (long)key.Seen.Count(key.Expected.Contains)),
                keys.Values.Sum(key => (long)key.Expected.Count(sequence => !key.Seen.Contains(sequence))),
                keys.Values.Sum(key => key.Duplicates),
                keys.Values.Sum(key => key.OutOfOrder))
            {
                Unexpected = keys.Values.Sum(key => (long)key.Seen.Count(sequence => !key.Expected.Contains(sequence))),
            };
        }
    }

    /// <summary>Some of what was expected and not delivered, for messages.</summary>
    public IReadOnlyList<(string Key, long Sequence)> Missing(int most)
    {
        lock (gate)
        {
            return [.. keys.SelectMany(key => key.Value.Expected.Where(sequence => !key.Value.Seen.Contains(sequence))
                .Order().Select(sequence => (key.Key, sequence))).Take(most)];
        }
    }

    private KeyLedger Of_NeedsLock(string key)
    {
        if (!keys.TryGetValue(key, out var ledger)) keys.Add(key, ledger = new KeyLedger());
        return ledger;
    }

    private sealed class KeyLedger
    {
        private long highest = long.MinValue;

        public HashSet<long> Expected { get; } = [];

        public HashSet<long> Seen { get; } = [];

        public long Duplicates { get; private set; }

        public long OutOfOrder { get; private set; }

        // Order is that of first occurrences: a repeat after a fault may start again at an earlier point.
        public void Deliver(long sequence)
        {
            if (!Seen.Add(sequence))
            {
                Duplicates++;
                return;
            }

            if (sequence < highest) OutOfOrder++;
            highest = Math.Max(highest, sequence);
        }
    }
}

/// <summary>What a run comes to. Delivered and missing add up to expected; repeats are counted apart.</summary>
/// <param name="Expected">Different events that had to be delivered.</param>
/// <param name="Delivered">Of these, how many were, at least once.</param>
/// <param name="Missing">Of these, how many were not.</param>
/// <param name="Duplicates">Deliveries beyond the first of their event.</param>
/// <param name="OutOfOrder">First deliveries that came after a later event of their key.</param>
public sealed record LedgerTable(long Expected, long Delivered, long Missing, long Duplicates, long OutOfOrder)
{
    /// <summary>Different events that were delivered and nobody expected.</summary>
    public long Unexpected { get; init; }

    /// <summary>Each expected event once, in order, and nothing else.</summary>
    public bool IsRight => Missing == 0 && Duplicates == 0 && OutOfOrder == 0 && Unexpected == 0;

    /// <summary>Nothing lost and nothing out of order; repeats are allowed.</summary>
    public bool IsAtLeastOnce => Missing == 0 && OutOfOrder == 0 && Unexpected == 0;

    public override string ToString()
    {
        (string Name, long Value)[] columns =
        [
            ("expected", Expected), ("delivered", Delivered), ("missing", Missing), ("duplicate", Duplicates),
            ("out of order", OutOfOrder), ("unexpected", Unexpected),
        ];
        // The longest name and a figure in the hundreds of millions both fit the width.
        const int Width = 13;
        return string.Concat(columns.Select(column => column.Name.PadLeft(Width))) + "\n"
            + string.Concat(columns.Select(column => $"{column.Value:N0}".PadLeft(Width)));
    }
}
