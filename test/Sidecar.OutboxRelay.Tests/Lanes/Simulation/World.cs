namespace Sidecar.OutboxRelay.Tests.Lanes.Simulation;

/// <summary>What all in one schedule share: the database, Kafka, true time and chance.</summary>
internal sealed class World
{
    public const int Keys = 3;

    public World(ulong seed, Mutant mutant)
    {
        Mutant = mutant;
        Dice = new Dice(seed);
        Server = new ModelServer();
        Outbox = new ModelOutbox(Server, mutant);
        Kafka = new ModelKafka(Keys);
        HasFaults = !Dice.OneIn(4);
        ChunkRows = 1 + Dice.Next(3);
        ChunksUnderWay = 1 + Dice.Next(2);
        CheckpointRows = 1 + Dice.Next(4);
        LeaseMs = HasFaults ? 60 : 1_000_000;
    }

    public Mutant Mutant { get; }

    public Dice Dice { get; }

    public ModelServer Server { get; }

    public ModelOutbox Outbox { get; }

    public ModelKafka Kafka { get; }

    public List<ModelWriter> Writers { get; } = [];

    /// <summary>Things go wrong; otherwise relays only come and go, and nothing may be repeated.</summary>
    public bool HasFaults { get; }

    public int ChunkRows { get; }

    public int ChunksUnderWay { get; }

    public int CheckpointRows { get; }

    /// <summary>The rows that one fault may bring again.</summary>
    public int RowsOfAFault => CheckpointRows + ((ChunksUnderWay + 1) * ChunkRows);

    public int LeaseMs { get; }

    /// <summary>Milliseconds that only go on.</summary>
    public long NowMs { get; private set; }

    /// <summary>What is wrong; null: nothing.</summary>
    public string? Violation { get; set; }

    /// <summary>Records that a relay which is gone, or has turned away, still has under way: by key, in order.</summary>
    public List<Queue<ModelRow>> LeftUnderWay { get; } = [];

    public void Pass(int ms)
    {
        NowMs += ms;
        Server.ClockMs += ms;
    }

    /// <summary>They may come later, or never.</summary>
    public void Leave(Queue<ModelRow>[] queues)
    {
        for (var key = 0; key < queues.Length; key++)
        {
            if (queues[key].Count > 0)
            {
                if (Dice.OneIn(2))
                {
                    LeftUnderWay.Add(queues[key]);
                }

                queues[key] = new Queue<ModelRow>();
            }
        }
    }

    public void SendLeftOver()
    {
        if (LeftUnderWay.Count > 0)
        {
            var queue = LeftUnderWay[Dice.Next(LeftUnderWay.Count)];
            Kafka.Append(queue.Dequeue());
            if (queue.Count == 0 || Dice.OneIn(4))
            {
                LeftUnderWay.Remove(queue);
            }
        }
    }
}
