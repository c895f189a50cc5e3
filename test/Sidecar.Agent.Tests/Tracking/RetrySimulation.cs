using System.Text;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Tracking;

/// <summary>A mistake that an owner of a partition could make; the simulation must find each.</summary>
internal enum Plant
{
    None,
    DoesNotLookIntoTheRetryTopics,
    IsDoneBeforeTheCopyIsWritten,
    DeliversARetryWithoutAsking,
    DeliversTheSourceWithoutAsking,
    TakesEveryCopyForTheOne,
}

/// <summary>
/// One source partition, its retry topics, and owners that come and go under a seeded schedule. What Kafka holds lasts;
/// what an owner knows is lost when it goes, which it may do between any two of its steps.
/// </summary>
internal sealed class RetrySimulation
{
    private const int Events = 60;
    private static readonly TimeSpan[] Delays = [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(60)];

    private readonly Random random;
    private readonly Plant plant;
    private readonly RetryTiers tiers = new(Delays);
    private readonly bool goes;

    // What Kafka holds.
    private readonly string[] source;
    private readonly Dictionary<TimeSpan, List<Copy>> topics = Delays.ToDictionary(delay => delay, _ => new List<Copy>());
    private HashSet<long> committedSource = [];
    private HashSet<(TimeSpan Delay, long Offset)> committedRetries = [];

    // What the owner knows.
    private ParkedKeys parked = new();
    private HashSet<long> doneSource = [];
    private HashSet<(TimeSpan Delay, long Offset)> doneRetries = [];
    private Dictionary<string, Queue<Work>> lanes = [];
    private long nextSource;
    private Dictionary<TimeSpan, int> nextRetry = [];

    // What the world saw.
    private readonly HashSet<long> ended = [];
    private bool calm;

    public RetrySimulation(int seed, Plant plant, bool ownersGo)
    {
        random = new Random(seed);
        this.plant = plant;
        goes = ownersGo;
        source = [.. Enumerable.Range(0, Events).Select(_ => $"k{random.Next(5)}")];
        Begin();
    }

    /// <summary>Ends of events, repeats included.</summary>
    public int Ends { get; private set; }

    /// <summary>Events that were put behind an earlier one.</summary>
    public int WentBehind { get; private set; }

    /// <summary>Runs trouble, then calm, until everything has ended.</summary>
    public void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Step();
        }

        calm = true;
        for (var step = 0; step < 100_000 && !IsOver; step++)
        {
            Step();
        }

        Assert.That(ended, Has.Count.EqualTo(Events), "every event has ended");
        Assert.That(IsOver, Is.True, "everything is done");
        Assert.That(parked.Events, Is.Zero, "nothing is taken for waiting");
        Assert.That(parked.Keys, Is.Zero);
    }

    private bool IsOver => doneSource.Count == Events && doneRetries.Count == topics.Values.Sum(topic => topic.Count);

    private void Step()
    {
        switch (random.Next(100))
        {
            case < 30:
                ReadSource();
                break;
            case < 55:
                ReadRetry(Delays[random.Next(Delays.Length)]);
                break;
            case < 92:
                WorkOn();
                break;
            case < 97:
                committedSource = [.. doneSource];
                committedRetries = [.. doneRetries];
                break;
            default:
                if (goes && !calm)
                {
                    Begin();
                }

                break;
        }
    }

    /// <summary>A new owner: it knows what is committed, and what it finds in the retry topics.</summary>
    private void Begin()
    {
        parked = new ParkedKeys();
        doneSource = [.. committedSource];
        doneRetries = [.. committedRetries];
        lanes = source.Distinct().ToDictionary(key => key, _ => new Queue<Work>());
        nextSource = 0;
        nextRetry = Delays.ToDictionary(delay => delay, _ => 0);
        if (plant == Plant.DoesNotLookIntoTheRetryTopics)
        {
            return;
        }

        foreach (var (delay, topic) in topics)
        {
            for (var offset = 0; offset < topic.Count; offset++)
            {
                if (!doneRetries.Contains((delay, offset)))
                {
                    parked.Found(Bytes(topic[offset].Key), topic[offset].Origin, new RetryPlace(delay, offset));
                }
            }
        }
    }

    private void ReadSource()
    {
        while (nextSource < Events && doneSource.Contains(nextSource))
        {
            nextSource++;
        }

        if (nextSource < Events)
        {
            var offset = nextSource++;
            lanes[source[offset]].Enqueue(new Work(source[offset], offset, null));
        }
    }

    /// <summary>The next record of a topic has become due.</summary>
    private void ReadRetry(TimeSpan delay)
    {
        var topic = topics[delay];
        while (nextRetry[delay] < topic.Count && doneRetries.Contains((delay, nextRetry[delay])))
        {
            nextRetry[delay]++;
        }

        if (nextRetry[delay] < topic.Count)
        {
            var offset = nextRetry[delay]++;
            lanes[topic[offset].Key].Enqueue(new Work(topic[offset].Key, topic[offset].Origin, new RetryPlace(delay, offset)));
        }
    }

    private void WorkOn()
    {
        var ready = lanes.Values.Where(lane => lane.Count > 0).ToList();
        if (ready.Count == 0)
        {
            return;
        }

        var lane = ready[random.Next(ready.Count)];
        var work = lane.Peek();
        var (turn, first) = TurnFor(work);
        var isOver = turn switch
        {
            Turn.Deliver => Deliver(work),
            Turn.Behind => Copied(work, tiers.Behind(first.Delay), isBehind: true),
            Turn.Elsewhere => true,
        };
        if (isOver)
        {
            Done(work);
            lane.Dequeue();
        }
    }

    private TurnOf TurnFor(Work work) => (work.Place, plant) switch
    {
        (null, Plant.DeliversTheSourceWithoutAsking) => new(Turn.Deliver, default),
        (null, _) => parked.OfSource(Bytes(work.Key), work.Origin),
        ({ }, Plant.DeliversARetryWithoutAsking) => new(Turn.Deliver, default),
        ({ }, Plant.TakesEveryCopyForTheOne) => parked.OfSource(Bytes(work.Key), work.Origin) switch
        {
            { Turn: Turn.Elsewhere } => new(Turn.Deliver, default),
            var other => other,
        },
        ({ } place, _) => parked.OfRetry(Bytes(work.Key), work.Origin, place),
    };

    /// <summary>One attempt. True: its end came, or a copy of it waits.</summary>
    private bool Deliver(Work work)
    {
        for (var before = 0L; before < work.Origin; before++)
        {
            Assert.That(source[before] != work.Key || ended.Contains(before), Is.True, $"{before} of {work.Key} ends before {work.Origin}");
        }

        var fails = !calm && random.Next(3) == 0;
        if (fails && tiers.After(work.Place?.Delay, null) is { } delay)
        {
            return Copied(work, delay, isBehind: false);
        }

        // Delivered, or acknowledged as a dead letter.
        ended.Add(work.Origin);
        Ends++;
        if (IsGone())
        {
            return false;
        }

        parked.Ended(Bytes(work.Key), work.Origin);
        return true;
    }

    private bool Copied(Work work, TimeSpan delay, bool isBehind)
    {
        WentBehind += isBehind ? 1 : 0;
        if (plant == Plant.IsDoneBeforeTheCopyIsWritten)
        {
            Done(work);
            if (random.Next(4) == 0)
            {
                (committedSource, committedRetries) = ([.. doneSource], [.. doneRetries]);
            }

            if (IsGone())
            {
                return false;
            }
        }

        topics[delay].Add(new Copy(work.Key, work.Origin));
        if (IsGone())
        {
            return false;
        }

        parked.Moved(Bytes(work.Key), work.Origin, new RetryPlace(delay, topics[delay].Count - 1));
        return true;
    }

    /// <summary>The owner goes between two steps.</summary>
    private bool IsGone()
    {
        if (!goes || calm || random.Next(15) > 0)
        {
            return false;
        }

        Begin();
        return true;
    }

    private void Done(Work work)
    {
        if (work.Place is { } place)
        {
            doneRetries.Add((place.Delay, place.Offset));
        }
        else
        {
            doneSource.Add(work.Origin);
        }
    }

    private static byte[] Bytes(string key) => Encoding.UTF8.GetBytes(key);

    private sealed record Copy(string Key, long Origin);

    private sealed record Work(string Key, long Origin, RetryPlace? Place);
}
