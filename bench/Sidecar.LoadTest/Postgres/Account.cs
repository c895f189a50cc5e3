using Sidecar.TestKit;

namespace Sidecar.LoadTest.Postgres;

/// <summary>
/// Every row of a part by its number: when it was sent to the database, when its commit was answered, and when Kafka gave
/// it to a reader. Times are timestamps of the system's clock; 0 is never.
/// </summary>
internal sealed class Account(int rows, int keys)
{
    private readonly Tally tally = new(rows, keys);
    private int late;

    public int Rows => rows;

    public int Keys => keys;

    public long[] Sent { get; } = new long[rows];

    public long[] Committed { get; } = new long[rows];

    public long[] Arrived { get; } = new long[rows];

    /// <summary>One more row is expected, in no order with any other; its number is <see cref="Rows"/>.</summary>
    public bool ExpectsLate { get; init; }

    public bool IsComplete => tally.IsComplete && (!ExpectsLate || Volatile.Read(ref late) > 0);

    public LedgerTable Table
    {
        get
        {
            var (table, came) = (tally.Table, Volatile.Read(ref late));
            return !ExpectsLate ? table : table with
            {
                Expected = table.Expected + 1,
                Delivered = table.Delivered + Math.Min(came, 1),
                Missing = table.Missing + (came == 0 ? 1 : 0),
                Duplicates = table.Duplicates + Math.Max(came - 1, 0),
            };
        }
    }

    public void Arrive(int index)
    {
        if (ExpectsLate && index == rows)
        {
            Interlocked.Increment(ref late);
            return;
        }

        if (index >= 0 && index < rows && Arrived[index] == 0) Arrived[index] = TimeProvider.System.GetTimestamp();
        tally.Count(index);
    }

    /// <summary>From one time of each row to another, for the rows of a range.</summary>
    public static Latencies Between(long[] from, long[] to, int first, int count) => new(
        Enumerable.Range(first, count).Where(i => from[i] > 0 && to[i] > 0)
            .Select(i => (to[i] - from[i]) * 1000.0 / TimeProvider.System.TimestampFrequency));
}
