namespace Sidecar.OutboxRelay.Tests.Lanes.Simulation;

/// <summary>A relay's producer: in order for each key, in any order between keys; acknowledgements come when they like.</summary>
internal sealed class ModelProducer(World world)
{
    private readonly Queue<ModelRow>[] queues = [.. Enumerable.Range(0, World.Keys).Select(_ => new Queue<ModelRow>())];
    private readonly List<ModelRow> unacknowledged = [];

    /// <summary>Not yet sent.</summary>
    public IEnumerable<ModelRow> Queued => queues.SelectMany(queue => queue);

    public void Enqueue(ModelRow row) => queues[row.Key].Enqueue(row);

    /// <summary>One record reaches Kafka. False: there is none.</summary>
    public bool Send()
    {
        var first = world.Dice.Next(World.Keys);
        for (var i = 0; i < World.Keys; i++)
        {
            if (queues[(first + i) % World.Keys].TryDequeue(out var row))
            {
                world.Kafka.Append(row);
                unacknowledged.Add(row);
                return true;
            }
        }

        return false;
    }

    /// <summary>The next acknowledgement; null: none.</summary>
    public ModelRow? Hear()
    {
        if (unacknowledged.Count == 0)
        {
            return null;
        }

        var index = world.Dice.Next(unacknowledged.Count);
        var row = unacknowledged[index];
        unacknowledged.RemoveAt(index);
        return row;
    }

    /// <summary>What it has is dropped, and no acknowledgement will come.</summary>
    public void Purge()
    {
        foreach (var queue in queues)
        {
            queue.Clear();
        }

        unacknowledged.Clear();
    }

    /// <summary>What it has may still arrive, later than others send the same.</summary>
    public void Abandon()
    {
        world.Leave(queues);
        unacknowledged.Clear();
    }
}
