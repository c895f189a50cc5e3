namespace Sidecar.Demo.Tally;

/// <summary>
/// Collects what the producer says it committed, what the topic holds and what the consumer says it received, each
/// from its own source, and compares the three.
/// </summary>
internal sealed class Ledger
{
    private readonly Lock _lock = new();
    private readonly List<OrderStep> _committed = [];
    private readonly List<OrderStep> _inKafka = [];
    private readonly List<OrderStep> _delivered = [];
    private int _rolledBack;
    private int _retried;

    public void AddCommitted(OrderStep step) => Add(_committed, step);

    public void AddInKafka(OrderStep step) => Add(_inKafka, step);

    public void AddDelivered(OrderStep step) => Add(_delivered, step);

    public void AddRolledBack() => Interlocked.Increment(ref _rolledBack);

    public void AddRetried() => Interlocked.Increment(ref _retried);

    public Sums Sum()
    {
        lock (_lock)
        {
            var committed = _committed.ToHashSet();
            var inKafka = Compare(_inKafka, committed);
            var delivered = Compare(_delivered, committed);
            return new Sums(
                _committed.Count,
                Volatile.Read(ref _rolledBack),
                _inKafka.Count,
                _delivered.Count,
                committed.Count(step => !inKafka.Seen.Contains(step) || !delivered.Seen.Contains(step)),
                inKafka.Surplus + delivered.Surplus,
                inKafka.OutOfOrder + delivered.OutOfOrder,
                Volatile.Read(ref _retried));
        }
    }

    private static (HashSet<OrderStep> Seen, int Surplus, int OutOfOrder) Compare(
        List<OrderStep> steps, HashSet<OrderStep> committed)
    {
        var seen = new HashSet<OrderStep>();
        var highest = new Dictionary<string, int>();
        var (surplus, outOfOrder) = (0, 0);
        foreach (var step in steps)
        {
            if (!seen.Add(step) || !committed.Contains(step))
            {
                surplus++;
                continue;
            }

            var before = highest.GetValueOrDefault(step.Order);
            outOfOrder += step.Sequence < before ? 1 : 0;
            highest[step.Order] = Math.Max(before, step.Sequence);
        }

        return (seen, surplus, outOfOrder);
    }

    private void Add(List<OrderStep> steps, OrderStep step)
    {
        lock (_lock)
        {
            steps.Add(step);
        }
    }
}
