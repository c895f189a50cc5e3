namespace Sidecar.OutboxRelay.Tests.Lanes.Simulation;

/// <summary>An append-only log for each key, and what must be true of it.</summary>
internal sealed class ModelKafka(int keys)
{
    private readonly long[] highest = new long[keys];

    public int Sends { get; private set; }

    public int Repeats { get; private set; }

    /// <summary>What is wrong; null: nothing.</summary>
    public string? Violation { get; private set; }

    public void Append(ModelRow row)
    {
        Sends++;
        if (row.IsInKafka)
        {
            Repeats++;
            return;
        }

        row.IsInKafka = true;
        if (row.Id < highest[row.Key])
        {
            Violation ??= $"row {row.Id} of key {row.Key} came after row {highest[row.Key]}";
        }

        highest[row.Key] = row.Id;
    }
}
