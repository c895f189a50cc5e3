namespace Sidecar.Agent.DeadLetter;

/// <summary>
/// Keeps a replay from putting more into the retry topics than agents take out: whoever owns a partition next reads all that
/// waits of it before anything is delivered, and holds it in memory.
/// </summary>
/// <param name="waiting">Asks Kafka how many records of a partition wait in retry topics.</param>
public sealed class ReplayRoom(Func<int, long> waiting)
{
    /// <summary>
    /// Records of one partition that wait in retry topics, at which a replay waits. Agents, which have their own events to put
    /// there, take in nothing new at twice as many.
    /// </summary>
    public const int MaxWaiting = 10_000;

    private readonly Dictionary<int, long> atMost = [];

    /// <summary>One more of a partition may go. Kafka is asked only where, by what was put there since, it may not.</summary>
    public bool Has(int partition)
    {
        if (!atMost.TryGetValue(partition, out var count) || count >= MaxWaiting)
        {
            atMost[partition] = count = waiting(partition);
        }

        return count < MaxWaiting;
    }

    /// <summary>One goes.</summary>
    public void Take(int partition) => atMost[partition]++;
}
